"""Weights of -1, 0 and 1 times one scale, with gradients as if they were the ones behind."""

from torch import Tensor

LEAST = 1e-5
"""Smallest size that a scale is made of."""


def signs(weight: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return weights as -1, 0 and 1, and the scale that they are multiplied with.

        s = 1 / mean(abs(W)),     signs = clamp(round(s W), -1, 1),     scale = 1 / s

    with halves rounded to even and a mean of 1e-5 at least.

    Source: Ma et al. 2024 (BitNet b1.58, arXiv 2402.17764).

    Args:
        weight: of any shape.
        mask: 0 or 1, connections that the mean is taken over; all without it.

    >>> import torch
    >>> found, scale = signs(torch.tensor([0.5, -0.2, 0.05, -1.0]))
    >>> found.int().tolist(), scale.item()
    ([1, 0, 0, -1], 0.4375)
    """
    sizes = weight.detach().abs()
    mean = sizes.mean() if mask is None else (sizes * mask).sum() / mask.sum().clamp(min=1)
    scale = mean.clamp(min=LEAST)
    return (weight.detach() / scale).round().clamp(-1, 1), scale


def straight_through(weight: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return ternary weights, whose gradient goes to ``weight`` as it comes.

    >>> import torch
    >>> straight_through(torch.tensor([0.5, -0.2, 0.05, -1.0])).tolist()
    [0.4375, 0.0, 0.0, -0.4375]
    """
    found, scale = signs(weight, mask)
    return weight + (found * scale - weight.detach())
