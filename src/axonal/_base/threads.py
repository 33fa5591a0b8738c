"""Compiled work in several threads."""

import functools
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

R = TypeVar("R")

SMALL = 1 << 20
"""Bytes of state below which a second thread costs more than it brings."""


def cores() -> int:
    """Return the number of cores that this process may use.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_count() -> int:
    """Return how many threads compiled work is split over.

    It is torch's number where torch is loaded (``torch.set_num_threads``), which is already one
    inside the workers of a DataLoader; otherwise ``OMP_NUM_THREADS``, or the number of cores.

    >>> thread_count() >= 1
    True
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(asked) if asked.isdecimal() and int(asked) else cores()


def shards(work: Callable[..., R], length: int, size: int, *arguments: Any) -> list[R]:
    """Call ``work(*arguments, start, stop)`` on parts of ``range(length)``, in threads if it pays.

    There are :func:`thread_count` threads. They live for this call only, so that nothing is left
    that a fork could break.

    Args:
        work: a function that ends in two integers and releases the interpreter lock.
        length: number of independent items, at least 1.
        size: bytes of state that the whole work touches.
        arguments: passed to ``work`` before the two integers.

    Returns:
        the results of the parts, in order.

    >>> shards(lambda start, stop: stop - start, 10, size=100)
    [10]
    """
    parts = min(thread_count(), length) if size >= SMALL else 1
    if parts == 1:
        return [work(*arguments, 0, length)]
    edges = [length * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(functools.partial(work, *arguments), edges[:-1], edges[1:]))
