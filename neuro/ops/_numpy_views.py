"""Tensors of the CPU as flat arrays, the form in which compiled loops take them."""

import math
from collections.abc import Sequence
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


def sum_to(x: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """Sum a contiguous tensor to ``shape``, which broadcasts to its own, in one order.

    torch shares a sum that ends in one number out among its threads, so that its last bits follow
    their number; sums that end in several are each made by one.

    >>> sum_to(torch.ones(2, 3), (3,)), sum_to(torch.ones(2, 3), ())
    (tensor([2., 2., 2.]), tensor(6.))
    """
    if math.prod(shape) != 1:
        return x.sum_to_size(tuple(shape))
    return torch.as_tensor(x.detach().numpy().sum()).view(tuple(shape))


def flat(x: torch.Tensor) -> Any:
    """A contiguous tensor as an array that shares its memory.

    >>> flat(torch.zeros(2, 2)).shape
    (4,)
    """
    return x.detach().view(-1).numpy()
