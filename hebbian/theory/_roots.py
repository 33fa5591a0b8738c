"""Roots and maxima of many scalar functions at once, none by damped iteration."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

Array = NDArray[np.float64]


def find_root(f: Callable[..., Array], low: Array, high: Array, args: tuple[Array, ...]) -> Array:
    """Root of ``f(x, *args)`` in [low, high] for every element, nan where f keeps its sign there.

    Args:
        f: elementwise function of x and ``args``, all of one shape.
        low: lower ends of the brackets.
        high: upper ends.
        args: further arguments of f.

    >>> import numpy as np
    >>> find_root(lambda x, c: x**2 - c, np.zeros(2), np.ones(2) * 3, (np.array([4.0, 9.5]),))
    array([ 2., nan])
    """
    if np.size(low) == 0:
        return np.zeros_like(low)
    tolerances = {"xatol": 1e-300, "xrtol": 1e-14}
    found: Any = elementwise.find_root(f, (low, high), args=args, tolerances=tolerances)
    return np.where(found.status == 0, found.x, np.nan)


class Maxima(NamedTuple):
    """Maxima of a family of functions."""

    x: Array
    """where they are [points]"""
    value: Array
    """how high they are [points]"""
    table: Array
    """values on the grid that bracketed them [points, grid]"""


def find_maximum(
    f: Callable[..., Array],
    grid: Array,
    args: tuple[Array, ...],
    *,
    rtol: float = 1e-8,
    first: bool = False,
) -> Maxima:
    """Maximum of ``f(x, *args)`` for every element of ``args``.

    A coarse grid brackets it; minus infinity marks where f is not defined.

    Args:
        f: elementwise function of x and ``args``, all of one shape.
        grid: rising values of x that resolve the peak.
        args: further arguments of f [points].
        rtol: relative accuracy of the place; that of the value is its square.
        first: the first maximum from the left instead of the highest.

    >>> import numpy as np
    >>> peak = find_maximum(lambda x, c: c - (x - c) ** 2, np.linspace(0, 5, 9), (np.ones(1),))
    >>> peak.x.round(6), peak.value
    (array([1.]), array([1.]))
    """
    points = args[0].size
    table = f(np.tile(grid, points), *(np.repeat(a, grid.size) for a in args))
    table = table.reshape(points, grid.size)
    best = table.argmax(1)
    if first:
        turns = (table[:, 1:-1] > table[:, :-2]) & (table[:, 1:-1] >= table[:, 2:])
        best = np.where(turns.any(1), turns.argmax(1) + 1, best)
    row = np.arange(points)
    x, value = grid[best].copy(), table[row, best]
    middle = np.clip(best, 1, grid.size - 2)
    inside = (best == middle) & np.isfinite(value)
    if inside.any():
        middle = middle[inside]
        # Finite, so that the interpolation of the search survives the edge of the domain.
        worst = np.nanmin(np.where(np.isfinite(table), table, np.nan)[inside], axis=1) - 1
        found: Any = elementwise.find_minimum(
            lambda x, floor, *rest: -np.maximum(f(x, *rest), floor),
            (grid[middle - 1], grid[middle], grid[middle + 1]),
            args=(worst, *(a[inside] for a in args)),
            tolerances={"xatol": 1e-300, "xrtol": rtol, "fatol": 1e-300, "frtol": 1e-16},
        )
        x[inside], value[inside] = found.x, -found.f_x
    return Maxima(x, value, table)
