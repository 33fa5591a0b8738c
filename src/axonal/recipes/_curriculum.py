"""Curricula over orders N: which heads are trained while N grows."""

from collections.abc import Callable, Mapping

FIRST = 2
"""Order of the first head; the parity of one bit is the bit."""


def single(order: int, window: int) -> list[int]:
    """The present N alone.

    >>> single(5, 3)
    [5]
    """
    return [order]


def heads(order: int, window: int) -> list[int]:
    """All N from 2 to the present one.

    >>> heads(5, 3)
    [2, 3, 4, 5]
    """
    return list(range(FIRST, order + 1))


def sliding(order: int, window: int) -> list[int]:
    """The last few N up to the present one.

    >>> sliding(5, 3), sliding(2, 3)
    ([3, 4, 5], [2])
    """
    return list(range(max(FIRST, order + 1 - window), order + 1))


CURRICULA: Mapping[str, Callable[[int, int], list[int]]] = {
    "single": single,
    "heads": heads,
    "window": sliding,
}
"""Heads to train, by the name of the curriculum: functions of the present N and the window."""
