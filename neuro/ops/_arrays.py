"""Tensors of the CPU as flat arrays, the form in which compiled loops take them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
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
    """Sum a contiguous tensor to ``shape``, which it broadcasts from, in one order.

    torch's sums follow the number of threads; these do not, and keep double precision on the way.

    >>> sum_to(torch.ones(2, 3), (3,)), sum_to(torch.ones(2, 3), ())
    (tensor([2., 2., 2.]), tensor(6.))
    """
    ahead = x.ndim - len(shape)
    axes = [k for k in range(x.ndim) if k < ahead or shape[k - ahead] == 1 != x.shape[k]]
    total = x.detach().numpy().sum(axis=tuple(axes), dtype=np.float64)
    return torch.as_tensor(total).to(x.dtype).view(tuple(shape))


def flat(x: torch.Tensor) -> Any:
    """A contiguous tensor as an array that shares its memory.

    >>> flat(torch.zeros(2, 2)).shape
    (4,)
    """
    return x.detach().view(-1).numpy()
