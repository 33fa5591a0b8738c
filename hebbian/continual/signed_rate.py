"""Responses as spiking units give them: signed rates of few levels."""

from torch import Tensor

from axonal._base.checks import number, whole_number


def signed_rate(y: Tensor, levels: int, largest: float = 20.0) -> Tensor:
    """Round responses to what a unit of signed spikes can say in so many steps.

    q = round(clip(y, -S, S) / S * L) / L * S: at most one spike per step, positive or negative, in
    L steps, S / L each. Halves go to even numbers of spikes.

    Source: Xiao et al., ICLR 2024 (arXiv 2402.11984), S = 20.

    Args:
        y: responses of any shape.
        levels: L, steps of the rate code, >= 1.
        largest: S, the response of a unit that fires at every step, > 0.

    Returns:
        q in the shape of y.

    Raises:
        ValueError: for levels or a largest response out of range.

    >>> import torch
    >>> signed_rate(torch.tensor([0.2, -0.3, 99.0]), levels=40)
    tensor([ 0.0000, -0.5000, 20.0000])
    """
    steps = whole_number("signed_rate", "levels", levels)
    top = number("signed_rate", "largest", largest, 0, open_low=True)
    return y.clamp(-top, top).div(top).mul_(steps).round_().div_(steps).mul_(top)
