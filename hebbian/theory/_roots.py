"""Roots and maxima of many scalar functions at once, none by damped iteration."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from axonal._base.array_types import Float64Array

Family = Callable[..., Float64Array]
"""Elementwise function of x and of further arrays, one for each member of a family."""
Arguments = tuple[Float64Array, ...]
"""What a family takes behind x."""

_NODES: Float64Array = np.cos(np.pi * (np.arange(9) + 0.5) / 9)[::-1]
_FIT = np.linalg.inv(chebyshev.chebvander(_NODES, _NODES.size - 1))
_FINE: Float64Array = np.linspace(-1, 1, 65)
_APART = 2 / 64
_AT_FINE = chebyshev.chebvander(_FINE, _NODES.size - 1)
_NEWTON_STEPS = 4

_STEPS = 1100
"""More than bisection takes from the largest double to the smallest."""
_RELATIVE, _TINY = 1e-14, 1e-300

_ROUNDS = 40
_NARROWER, _NEXT_NODE, _WIDER = 0.05, 0.35, 2.0
"""Factors on an interval that is smooth, is not, or has its peak at an end."""
_SETTLED = 1e-13
_NARROWEST = 1e-7
"""Width at which rounding hides the bend of a peak."""


def find_root(
    f: Family,
    low: Float64Array,
    high: Float64Array,
    args: Arguments,
    *,
    start: Float64Array | None = None,
    at_ends: tuple[Float64Array, Float64Array] | None = None,
) -> Float64Array:
    """Root of ``f(x, *args)`` in [low, high] for every element, nan where f keeps its sign there.

    Args:
        f: elementwise function of x and ``args``, all of one shape.
        low: lower ends of the brackets.
        high: upper ends.
        args: further arguments of f.
        start: guesses between the ends; the middle by default.
        at_ends: values of f at both ends, where they are known.

    >>> import numpy as np
    >>> find_root(lambda x, c: x**2 - c, np.zeros(2), np.ones(2) * 3, (np.array([4.0, 9.5]),))
    array([ 2., nan])
    """
    shape = np.shape(low)
    a, b = np.array(low, dtype=np.float64).ravel(), np.array(high, dtype=np.float64).ravel()
    args = tuple(np.ravel(arg) for arg in args)
    root = np.full(a.shape, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        f_a, f_b = (f(a, *args), f(b, *args)) if at_ends is None else map(np.ravel, at_ends)
        share = np.full(a.shape, 0.5) if start is None else (b - np.ravel(start)) / (b - a)
        # A root at an end, whichever sign the other has.
        root = np.where(f_a == 0, a, np.where(f_b == 0, b, root))
        moving = np.flatnonzero(
            (np.sign(f_a) * np.sign(f_b) < 0) & np.isfinite(f_a) & np.isfinite(f_b)
        )
    share = np.where((share > 0) & (share < 1), share, 0.5)
    _chandrupatla(f, [v[moving] for v in (b, a, f_b, f_a, share)], args, moving, root)
    return root.reshape(shape)


def _chandrupatla(
    f: Family,
    ends: list[Float64Array],
    args: Arguments,
    moving: NDArray[np.intp],
    root: Float64Array,
) -> None:
    """Write roots between ends of opposite sign, by inverse quadratic interpolation or bisection.

    T. R. Chandrupatla, Adv. Eng. Softw. 28, 145 (1997).
    """
    args = tuple(arg[moving] for arg in args)
    a, b, f_a, f_b, share = ends
    for _ in range(_STEPS):
        if moving.size == 0:
            return
        x = a + share * (b - a)
        y = f(x, *args)
        same = (y > 0) == (f_a > 0)
        # c is the end that is left behind; a the newest, b across the root from it.
        c, f_c = np.where(same, a, b), np.where(same, f_a, f_b)
        b, f_b = np.where(same, b, a), np.where(same, f_b, f_a)
        a, f_a = x, y
        nearer = np.abs(f_a) < np.abs(f_b)
        best = np.where(nearer, a, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            least = (_RELATIVE * np.abs(best) + _TINY) / np.abs(b - a)
            place, height = (a - b) / (c - b), (f_a - f_b) / (f_c - f_b)
            smooth = (height**2 < place) & ((1 - height) ** 2 < 1 - place)
            step = f_a / (f_b - f_a) * f_c / (f_b - f_c)
            step += (c - a) / (b - a) * f_a / (f_c - f_a) * f_b / (f_c - f_b)
            share = np.where(smooth & np.isfinite(step), step, 0.5)
            share = np.clip(share, least, 1 - least)
            undefined = ~np.isfinite(f_a)
            done = (least > 0.5) | (f_a == 0) | undefined
        root[moving[done]] = np.where(undefined[done], np.nan, best[done])
        if done.any():
            going = ~done
            moving, a, b, f_a, f_b, share = (v[going] for v in (moving, a, b, f_a, f_b, share))
            args = tuple(arg[going] for arg in args)
    root[moving] = a


class _Maxima(NamedTuple):
    """_Maxima of a family of functions."""

    x: Float64Array
    """where they are [points]"""
    value: Float64Array
    """how high they are [points]"""
    table: Float64Array
    """values on the grid that bracketed them [points, grid]"""


def find_maximum(f: Family, grid: Float64Array, args: Arguments) -> _Maxima:
    """Maximum of ``f(x, *args)`` for every element of ``args``.

    A coarse grid brackets it; minus infinity marks where f is not defined.

    Args:
        f: elementwise function of x and ``args``, all of one shape.
        grid: rising values of x that resolve the peak.
        args: further arguments of f [points].

    >>> import numpy as np
    >>> peak = find_maximum(lambda x, c: c - (x - c) ** 2, np.linspace(0, 5, 9), (np.ones(1),))
    >>> peak.x.round(6), peak.value
    (array([1.]), array([1.]))
    """
    points = args[0].size
    table = f(np.tile(grid, points), *(np.repeat(a, grid.size) for a in args))
    table = table.reshape(points, grid.size)
    best = table.argmax(1)
    row = np.arange(points)
    x, value = grid[best].copy(), table[row, best]
    middle = np.clip(best, 1, grid.size - 2)
    inside = (best == middle) & np.isfinite(value)
    if inside.any():
        middle = middle[inside]
        ends = grid[middle - 1], grid[middle + 1]
        x[inside], value[inside] = refine_maximum(f, *ends, tuple(a[inside] for a in args))
    return _Maxima(x, value, table)


def refine_maximum(
    f: Family, left: Float64Array, right: Float64Array, args: Arguments
) -> tuple[Float64Array, Float64Array]:
    """Place and height of the one maximum between two points, for every element of ``args``.

    All nodes of an interval are evaluated in one call. The next interval lies around the highest
    and reaches to its neighbours, or is much narrower around the top of the polynomial through the
    nodes where f is defined at all of them. The last polynomial is exact to rounding.
    """
    x, value = np.empty_like(left), np.full(left.shape, -np.inf)
    centre, half = (left + right) / 2, (right - left) / 2
    moving = np.arange(left.size)
    for _ in range(_ROUNDS):
        nodes = centre[:, None] + half[:, None] * _NODES
        y = f(nodes.ravel(), *(np.repeat(a[moving], _NODES.size) for a in args))
        y = y.reshape(nodes.shape)
        row, best = np.arange(len(y)), y.argmax(1)
        smooth = np.asarray(np.isfinite(y).all(1))
        place, height = _top_of_polynomial(np.where(smooth[:, None], y, 0.0))
        smooth &= np.abs(place) < 1
        place = np.where(smooth, centre + half * place, nodes[row, best])
        height = np.where(smooth, height, y[row, best])
        with np.errstate(invalid="ignore"):
            change = np.abs(height - value[moving])
        settled = smooth & (change <= _SETTLED * np.abs(height))
        settled |= half <= _NARROWEST * np.maximum(np.abs(place), 1.0)
        x[moving], value[moving] = place, height
        if settled.all():
            break
        # A peak at the end of an interval that a polynomial suggested lies beyond it.
        inside = (best > 0) & (best < _NODES.size - 1)
        half = half * np.where(smooth, _NARROWER, np.where(inside, _NEXT_NODE, _WIDER))
        moving, centre, half = moving[~settled], place[~settled], half[~settled]
    return x, value


def _top_of_polynomial(y: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Place and height of the maximum in [-1, 1] of the polynomials through values at the nodes."""
    c = _FIT @ y.T
    place = _FINE[(_AT_FINE @ c).argmax(0)]
    slope = chebyshev.chebder(c)
    bend = chebyshev.chebder(slope)
    for _ in range(_NEWTON_STEPS):
        with np.errstate(divide="ignore", invalid="ignore"):
            step = chebyshev.chebval(place, slope, tensor=False) / chebyshev.chebval(
                place, bend, tensor=False
            )
        place = np.clip(place - np.clip(np.nan_to_num(step), -_APART, _APART), -1.0, 1.0)
    return place, chebyshev.chebval(place, c, tensor=False)
