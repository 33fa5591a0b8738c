"""Ends of branches of states: the maxima of the load along the curve of all states.

From zero load the branch of the pattern runs to the first maximum, the fold at which retrieval is
lost by a jump. Beyond the valley behind it lies a second branch, of low overlap, up to the last
maximum. With noise in the examples the first maximum and the valley may meet and vanish: then the
branch of the pattern runs on, without a jump, into the other. It is cut at the load at which the
fold vanished as noise grew, the least that the fold had, so that noise never raises the largest
load; where the whole branch ends below that load, it is not cut.
"""

from functools import lru_cache
from math import floor, log2
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.optimize import brentq

from axonal._base.array_types import BoolArray, Float64Array
from axonal.hebbian.theory._roots import (
    Arguments,
    Family,
    find_maximum,
    find_root,
    refine_maximum,
)
from axonal.hebbian.theory.curve import (
    DENSE_NUMBERS,
    PAIR_NUMBERS,
    Curve,
    curves,
    point,
    with_overlap,
    zero_load_temperature,
)
from axonal.hebbian.theory.gaussian_noise import GaussianNoise
from axonal.hebbian.theory.saddle_point import SaddlePoint

_DEGREE = 16
_NODES: Float64Array = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))[::-1]
_FIT = np.linalg.inv(chebyshev.chebvander(_NODES, _DEGREE))
_FINE: Float64Array = np.linspace(-1, 1, 257)
_SLOPE_AT_FINE = chebyshev.chebvander(_FINE, _DEGREE - 1)

_LEAST_NOISE = -9
"""Power of two of the least entropy down to which the fold is looked for."""

_WARMER = 1.1
"""Noise moves the temperature above which no valley is left by less than a tenth, P = 3 to 12."""


class Ends(NamedTuple):
    """Loads at which branches end at each of several temperatures, and their numbers there."""

    load: Float64Array
    """largest load of the branch of the pattern, 0 where there is none"""
    number: Float64Array
    """of the state there, nan where there is none"""
    low_start: Float64Array
    """number at which the branch of low overlap begins, nan where there is none"""
    low_load: Float64Array
    """its largest load, 0 where there is none"""
    low_number: Float64Array
    """of the state there"""
    table: Float64Array
    """loads along the grid [temperatures, numbers]"""
    grid: Float64Array
    """numbers of the table"""


def ends(system: SaddlePoint, T: Float64Array) -> Ends:
    """Ends of branches at some temperatures, one per row.

    >>> from axonal.hebbian.theory.crosstalk import distinct
    >>> from axonal.hebbian.theory.gaussian_noise import GaussianNoise
    >>> found = ends(SaddlePoint(4, GaussianNoise(), distinct(4)), np.array([0.1]))
    >>> found.load.round(6), found.low_load.round(6)
    (array([0.217668]), array([0.16944]))
    """
    grid = PAIR_NUMBERS if system.P == 2 else DENSE_NUMBERS
    load, low_load = np.zeros((2, T.size))
    number, low_start, low_number = np.full((3, T.size), np.nan)
    table = np.full((T.size, grid.size), -np.inf)
    cold = zero_load_temperature(system) > T
    curve = curves(system, T[cold])
    if not cold.any():
        pass
    elif system.P == 2:
        peak = find_maximum(lambda log_x, *c: _load(system, np.exp(log_x), *c), np.log(grid), curve)
        load[cold] = np.maximum(peak.value, 0.0)
        number[cold] = np.where(peak.value > 0, np.exp(peak.x), np.nan)
        table[cold] = peak.table
    else:
        turns = _turns(system, curve)
        table[cold] = turns.table
        cap = np.full(T[cold].shape, np.inf)
        for i in np.flatnonzero(turns.alone):
            cap[i] = _vanishing_load(system, float(curve.T[i]))
        cut = cap < turns.load
        at_cut = _reaching(system, curve, turns, np.where(cut, cap, turns.load), cut)
        load[cold] = np.where(cut, cap, turns.load)
        number[cold] = np.where(cut, at_cut, turns.number)
        two = cut | ~turns.alone
        low_start[cold] = np.where(cut, at_cut, turns.valley)
        low_load[cold] = np.where(two, turns.low_load, 0.0)
        low_number[cold] = np.where(two, turns.low_number, np.nan)
    return Ends(load, number, low_start, low_load, low_number, table, grid)


def _load(system: SaddlePoint, number: Float64Array, *curve: Float64Array) -> Float64Array:
    return point(system, Curve(*curve), number).load


class _Turns(NamedTuple):
    """Maxima of the load along each of several curves."""

    load: Float64Array
    number: Float64Array
    valley: Float64Array
    low_load: Float64Array
    low_number: Float64Array
    alone: BoolArray
    table: Float64Array


def _turns(system: SaddlePoint, curve: Curve) -> _Turns:
    """First and last maximum of the load and the minimum before the last, P >= 3."""
    grid, rows = DENSE_NUMBERS, np.arange(curve.T.size)
    table = _load(
        system,
        np.tile(grid, rows.size),
        *(np.repeat(end, grid.size) for end in curve),
    ).reshape(rows.size, grid.size)
    rising = np.full(table.shape, False)
    rising[:, 1:-1] = (table[:, 1:-1] > table[:, :-2]) & (table[:, 1:-1] >= table[:, 2:])
    first = rising.argmax(1)
    last = grid.size - 1 - rising[:, ::-1].argmax(1)
    left, right = grid[first - 1], grid[np.minimum(first + 1, grid.size - 1)]
    hidden, place = _hidden_fold(system, curve, table, first)
    left, right = np.where(hidden, place[0], left), np.where(hidden, place[1], right)
    number, load = refine_maximum(lambda x, *c: _load(system, x, *c), left, right, curve)
    alone = (first == last) & ~hidden
    # The valley lies behind the first maximum and before the last.
    behind = (grid > number[:, None]) & (np.arange(grid.size) < last[:, None])
    lowest = np.where(behind, table, np.inf).argmin(1)
    low_number, low_load, valley = number.copy(), load.copy(), np.full(number.shape, np.nan)
    two = np.flatnonzero(~alone)
    if two.size:
        some = curve.at(two)
        low_number[two], low_load[two] = refine_maximum(
            lambda x, *c: _load(system, x, *c), grid[last[two] - 1], grid[last[two] + 1], some
        )
        before = np.maximum(grid[lowest[two] - 1], number[two])
        valley[two], _ = refine_maximum(
            lambda x, *c: -_load(system, x, *c), before, grid[lowest[two] + 1], some
        )
    return _Turns(load, number, valley, low_load, low_number, alone, table)


def _hidden_fold(
    system: SaddlePoint, curve: Curve, table: Float64Array, first: NDArray[np.intp]
) -> tuple[BoolArray, Float64Array]:
    """Maxima before the first of a table that its points step over, with brackets [2, rows].

    Between a maximum and a minimum closer than two points the load still rises from point to point,
    but more slowly there than on both sides.
    """
    grid = DENSE_NUMBERS
    with np.errstate(invalid="ignore"):
        slope = np.diff(table) / np.diff(grid)
        dip = np.full(slope.shape, False)
        dip[:, 1:-1] = (slope[:, 1:-1] < slope[:, :-2]) & (slope[:, 1:-1] <= slope[:, 2:])
    # Numbers below 1 are ratios, whose own bend would be taken for one of the load.
    start = int(np.searchsorted(grid, 1.0)) + 1
    dip &= (np.arange(slope.shape[1]) > start) & (np.arange(slope.shape[1]) < first[:, None])
    hidden = np.full(first.shape, False)
    place = np.full((2, first.size), np.nan)
    rows = np.flatnonzero(dip.any(1))
    if rows.size:
        at = np.where(dip, slope, np.inf)[rows].argmin(1)
        left, right = grid[at - 1], grid[at + 2]
        least, where = _least_slope(lambda x, *c: _load(system, x, *c), left, right, curve.at(rows))
        hidden[rows] = least < 0
        place[:, rows] = left, where
    return hidden, place


def _least_slope(
    f: Family, left: Float64Array, right: Float64Array, args: Arguments
) -> tuple[Float64Array, Float64Array]:
    """Least slope of smooth functions between two points, and where."""
    half, centre = (right - left) / 2, (right + left) / 2
    nodes = centre[:, None] + half[:, None] * _NODES
    y = f(nodes.ravel(), *(np.repeat(a, _NODES.size) for a in args)).reshape(nodes.shape)
    slopes = _SLOPE_AT_FINE @ chebyshev.chebder(_FIT @ y.T) / half
    best = slopes.argmin(0)
    middle = np.clip(best, 1, _FINE.size - 2)
    a, b, c = (slopes[middle + k, np.arange(half.size)] for k in (-1, 0, 1))
    # The parabola through three points places the minimum between them.
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(best == middle, (a - c) / (2 * (a - 2 * b + c)), 0.0)
    inside = np.isfinite(step) & (best == middle)
    step = np.where(inside, step, 0.0)
    least = np.where(inside, b - (a - c) * step / 4, slopes[best, np.arange(half.size)])
    return least, centre + half * (_FINE[best] + step * (_FINE[1] - _FINE[0]))


def _reaching(
    system: SaddlePoint, curve: Curve, turns: _Turns, load: Float64Array, asked: BoolArray
) -> Float64Array:
    """Numbers at which branches that rise without a fold reach some loads."""
    found = np.full(load.shape, np.nan)
    rows = np.flatnonzero(asked)
    if rows.size:
        some = curve.at(rows)
        found[rows] = find_root(
            lambda x, load, *c: _load(system, x, *c) - load,
            np.zeros(rows.size),
            turns.number[rows],
            (load[rows], *some),
        )
    return found


def _vanishing_load(system: SaddlePoint, T: float) -> float:
    """Load at which the fold vanished while noise grew to that of the system; inf if it did not.

    Of few examples and of the limit of many the lower one, so that it does not rise from many
    examples to few.
    """
    rho = system.signal.entropy
    many = SaddlePoint(system.P, GaussianNoise(rho), system.crosstalk)
    return min(_vanishing(system, T, rho), _vanishing(many, T, rho))


def _vanishing(system: SaddlePoint, T: float, rho: float) -> float:
    if rho == 0 or not _has_valley(at_noise(system, 0.0), T / _WARMER):
        return np.inf
    # Powers of two, so that systems which differ in noise alone find the same number, bit for bit.
    power = max(floor(log2(rho)), _LEAST_NOISE)
    while power >= _LEAST_NOISE:
        if _has_valley(at_noise(system, 2.0**power), T):
            return _vanishing_between(at_noise(system, 1.0), T, 2.0**power, 2.0 ** (power + 1))
        power -= 1
    if _has_valley(at_noise(system, 0.0), T):
        return _vanishing_between(at_noise(system, 1.0), T, 0.0, 2.0**_LEAST_NOISE)
    return np.inf


def at_noise(system: SaddlePoint, rho: float) -> SaddlePoint:
    """The same memory with another entropy of what is retrieved."""
    return SaddlePoint(system.P, system.signal.at_entropy(rho), system.crosstalk)


@lru_cache(maxsize=4096)
def _has_valley(system: SaddlePoint, T: float) -> bool:
    t = np.array([T])
    return bool(
        zero_load_temperature(system) > T and not _turns(system, curves(system, t)).alone[0]
    )


@lru_cache(maxsize=4096)
def _vanishing_between(system: SaddlePoint, T: float, low: float, high: float) -> float:
    """Load at which the fold meets the valley, between two entropies."""
    t = np.array([T])

    def edges(rho: float) -> tuple[float, float]:
        there = at_noise(system, rho)
        curve = curves(there, t)
        turns = _turns(there, curve)
        # From above the fold halfway down to the maximum behind the valley.
        numbers = np.array([turns.number[0], turns.valley[0], turns.low_number[0]])
        n = point(there, curve.at(np.zeros(3, np.intp)), numbers).w ** (1 / (system.P - 1))
        reach = max(n[0] - n[1], 1e-3)
        top = (curve.split[0] + n[0]) / 2
        return max(n[1] - reach, (n[1] + n[2]) / 2), min(n[0] + reach, top)

    def least(rho: float, left: float, right: float) -> tuple[float, float]:
        there = at_noise(system, rho)

        def falling(x: Float64Array) -> Float64Array:
            return with_overlap(there, np.full(x.shape, T), -x).load

        slope, where = _least_slope(falling, np.array([-right]), np.array([-left]), ())
        return float(slope[0]), -float(where[0])

    for _ in range(4):
        middle = (low + high) / 2
        if _has_valley(at_noise(system, middle), T):
            low = middle
        else:
            high = middle
    left, right = edges(low)
    rho = float(brentq(lambda rho: least(rho, left, right)[0], low, high, xtol=1e-300, rtol=1e-13))
    n = np.array([least(rho, left, right)[1]])
    return float(with_overlap(at_noise(system, rho), t, n).load[0])
