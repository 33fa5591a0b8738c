"""A pool of buffers for large results on the CPU, which are used again once they are free.

The first touch of fresh memory can cost more than the loops that fill it: on 32 MB, four times more
on pages of four kilobytes, and still as much again on huge ones, because the system clears them.
"""

import ctypes
import math
import sys
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

LARGE = 1 << 20
"""Bytes from which a buffer is kept for the next result; torch's allocator does well below."""

KEPT = 1 << 28
"""Bytes that may lie idle, over all sizes."""

_PAGE = 4096
_HUGE_PAGES = 1 << 22
_ADVISE_HUGE = 14  # MADV_HUGEPAGE of Linux

Bytes = npt.NDArray[np.uint8]


class BufferPool:
    """Arrays of bytes that come back by themselves when the last tensor on them is gone.

    >>> pool = BufferPool(kept=100)
    >>> place = pool.take(64)
    >>> where = place.ctypes.data
    >>> pool.idle, pool.take(64).ctypes.data == where
    (0, False)
    >>> del place
    >>> pool.idle, pool.take(64).ctypes.data == where
    (64, True)
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        # By place, the longest idle first. Garbage can be collected anywhere in these methods and
        # call `_release`, in this thread or another: each change is one operation that fails if
        # it comes too late, and there is no lock that a fork could leave closed.
        self._idle: dict[int, Bytes] = {}

    @property
    def idle(self) -> int:
        """Bytes that are free."""
        return sum(array.nbytes for array in list(self._idle.values()))

    def take(self, size: int) -> Bytes:
        """Return ``size`` uninitialised bytes that nothing else uses."""
        idle = list(self._idle.items())
        # a buffer an eighth larger will do, since its pages are in memory already
        place = next((p for p, a in reversed(idle) if size <= a.nbytes <= size + size // 8), 0)
        array = self._idle.pop(place, None)
        if array is None:
            array = _fresh(size)
        # the tensor holds this view and nothing else does: its end is the end of every use
        view = array[:size]
        weakref.finalize(view, self._release, array).atexit = False
        return view

    def _release(self, array: Bytes) -> None:
        self._idle[array.ctypes.data] = array
        while self.idle > self._kept:
            self._idle.pop(next(iter(list(self._idle)), 0), None)


_pool = BufferPool(KEPT)


def empty_like(x: torch.Tensor) -> torch.Tensor:
    """Return an uninitialised contiguous tensor like ``x``; see `empty`.

    >>> empty_like(torch.zeros(3, 2)).shape
    torch.Size([3, 2])
    """
    return empty(x.shape, x)


def empty(shape: Sequence[int], like: torch.Tensor) -> torch.Tensor:
    """Return an uninitialised contiguous tensor of the type and device of ``like``.

    >>> empty((3, 2), torch.zeros(1)).shape
    torch.Size([3, 2])
    """
    size = math.prod(shape) * like.element_size()
    if size < LARGE or not like.is_cpu:
        return like.new_empty(shape)
    return torch.from_numpy(_pool.take(size)).view(like.dtype).view(shape)


def zeros(shape: Sequence[int], like: torch.Tensor) -> torch.Tensor:
    """Return a contiguous tensor of zeros of the type and device of ``like``.

    >>> zeros((1, 2), torch.zeros(1))
    tensor([[0., 0.]])
    """
    return empty(shape, like).zero_()


def _fresh(size: int) -> Bytes:
    """Bytes at the start of a page, on huge pages where the system follows the advice."""
    raw: Any = np.empty(size + _PAGE, np.uint8)
    start = -raw.ctypes.data % _PAGE
    array: Bytes = raw[start : start + size]
    if size >= _HUGE_PAGES and sys.platform == "linux":
        whole = size // _PAGE * _PAGE
        place = ctypes.c_void_p(array.ctypes.data)
        ctypes.CDLL(None).madvise(place, ctypes.c_size_t(whole), _ADVISE_HUGE)
    return array
