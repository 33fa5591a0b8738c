"""Tensors of the CPU as flat arrays, the form in which compiled loops take them."""

import ctypes
import sys
from collections.abc import Sequence
from typing import Any

import torch

LARGE = 1 << 22
_PAGE = 4096
_ADVISE_HUGE = 14  # MADV_HUGEPAGE of Linux


def empty_like(x: torch.Tensor) -> torch.Tensor:
    """Return an uninitialised contiguous tensor like ``x``; see `empty`.

    >>> empty_like(torch.zeros(3, 2)).shape
    torch.Size([3, 2])
    """
    return empty(x.shape, x)


def empty(shape: Sequence[int], like: torch.Tensor) -> torch.Tensor:
    """Return an uninitialised contiguous tensor, on huge pages where it is large.

    The first touch of fresh memory can cost more than the loops that fill it: four times more, for
    32 MB on pages of four kilobytes. This is advice that the system may ignore.

    >>> empty((3, 2), torch.zeros(1)).shape
    torch.Size([3, 2])
    """
    fresh = like.new_empty(shape)
    size = fresh.numel() * fresh.element_size()
    if size >= LARGE and sys.platform == "linux" and fresh.device.type == "cpu":
        # madvise takes whole pages; torch aligns to 64 bytes only
        start = -(-fresh.data_ptr() // _PAGE) * _PAGE
        whole = (fresh.data_ptr() + size - start) // _PAGE * _PAGE
        ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(whole), _ADVISE_HUGE)
    return fresh


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
