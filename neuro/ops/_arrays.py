"""Tensors of the CPU as flat arrays, the form in which compiled loops take them."""

from typing import Any

import torch


def rows(x: torch.Tensor) -> Any:
    """Time series [T, B, ...] as an array [T, M], without a copy if it is contiguous.

    >>> rows(torch.zeros(3, 2, 5)).shape
    (3, 10)
    """
    return x.detach().contiguous().flatten(1).numpy()


def values(tensor: torch.Tensor) -> Any:
    """A scalar, or one value a neuron, as a flat array that repeats for every sample.

    >>> values(torch.tensor(0.5)), values(torch.ones(2, 3)).shape
    (array([0.5], dtype=float32), (6,))
    """
    return tensor.detach().contiguous().view(-1).numpy()


def flat(x: torch.Tensor) -> Any:
    """A contiguous tensor as an array that shares its memory.

    >>> flat(torch.zeros(2, 2)).shape
    (4,)
    """
    return x.detach().view(-1).numpy()
