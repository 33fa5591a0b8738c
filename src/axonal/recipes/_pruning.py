"""Pruning by magnitude while training goes on."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def wanted(share: float, progress: float, begin: float, end: float) -> float:
    """Share of zeros at a point of training, ``share (1 - (1 - p)^3)`` between two points.

    Source: of the cubic rise, Zhu and Gupta, 2017 (arXiv 1710.01878).

    Args:
        share: at the end, 0 to 1.
        progress: share of the training that is done.
        begin: progress at which pruning begins.
        end: progress at which it has come to ``share``.

    >>> wanted(0.5, 0.2, 0.25, 0.75), wanted(0.5, 0.5, 0.25, 0.75), wanted(0.5, 0.9, 0.25, 0.75)
    (0.0, 0.4375, 0.5)
    """
    p = min(max((progress - begin) / (end - begin), 0.0), 1.0)
    return share * (1 - (1 - p) ** 3)


@torch.no_grad()
def masks(weights: Sequence[nn.Parameter], share: float) -> list[Tensor]:
    """1 for the largest weights of every matrix and 0 for the share that is smallest.

    >>> [mask.tolist() for mask in masks([nn.Parameter(torch.tensor([[3.0, -1.0]]))], 0.5)]
    [[[1.0, 0.0]]]
    """
    made = []
    for weight in weights:
        zeros = round(share * weight.numel())
        order = weight.abs().flatten().argsort()
        mask = torch.ones(weight.numel(), dtype=weight.dtype)
        mask[order[:zeros]] = 0
        made.append(mask.reshape(weight.shape))
    return made


@torch.no_grad()
def prune(weights: Sequence[nn.Parameter], kept: Sequence[Tensor]) -> None:
    """Set the weights that masks leave out to zero."""
    for weight, mask in zip(weights, kept, strict=True):
        weight.mul_(mask)


def zeros(weights: Sequence[nn.Parameter]) -> float:
    """Share of weights that are zero."""
    return sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)
