"""Leaky recurrent network: rate units with a time constant each that feed each other."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.leaky_rnn import _op, reference


def leaky_rnn(
    x: Tensor,
    h: Tensor,
    weight: Tensor,
    share: Tensor,
    *,
    slope: float = 0.01,
    inside: bool = False,
    backend: str = "auto",
) -> Tensor:
    """Run rate units that feed each other, with phi(u) = max(u, slope u).

    h_t = phi((1 - a) h_{t-1} + a (W h_{t-1} + x_t)), or with the nonlinearity inside the leak
    h_t = (1 - a) h_{t-1} + a phi(W h_{t-1} + x_t).

    Args:
        x: input [T, B, N].
        h: rates before the first step [B, N].
        weight: W [N, N], targets first.
        share: a = 1 / tau of every unit [N], in (0, 1].
        slope: of phi below zero, >= 0.
        inside: apply phi to the drive alone, inside the leak.
        backend: ``"auto"``, ``"reference"`` (the definition) or ``"cpu"`` (the same with a backward
            pass written by hand).

    Returns:
        h after every step [T, B, N].

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors.

    Source: Khajehabdollahi et al., ICLR 2024 (arXiv 2309.12927).

    >>> import torch
    >>> x, h = torch.ones(2, 1, 1), torch.zeros(1, 1)
    >>> leaky_rnn(x, h, torch.tensor([[0.5]]), torch.tensor([0.5])).flatten()
    tensor([0.5000, 0.8750])
    """
    if _dispatch.use_compiled("leaky_rnn", backend, x, h, weight, share):
        return _op.leaky_rnn(x, h, weight, share, slope, inside)
    return reference.leaky_rnn(x, h, weight, share, slope, inside)
