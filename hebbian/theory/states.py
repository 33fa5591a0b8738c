"""Saddle points of one condensed pattern, each the root of one scalar function.

All states at a temperature lie on one curve, :mod:`~axonal.hebbian.theory.curve`, on which each
has a number and a load. From zero load the load rises along the branch of the pattern up to its
largest, the spinodal, and a state with a given load is a root on the way.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonal._base.array_types import BoolArray, Float64Array
from axonal.hebbian.theory._roots import find_root
from axonal.hebbian.theory._solution import Solution, assemble
from axonal.hebbian.theory.curve import Curve, CurvePoint, curves, point, zero_load_temperature
from axonal.hebbian.theory.folds import Ends, ends
from axonal.hebbian.theory.saddle_point import SaddlePoint

_ROWS = 8192
"""Points bracketed at once."""

_TEMPERATURES = 48
"""Temperatures at which the spinodal is known in advance."""


def spinodal(system: SaddlePoint, T: ArrayLike) -> tuple[Float64Array, Float64Array]:
    """Largest load with a retrieval state, and the number of the state there; zero and nan if none.

    For P >= 3 it is the end of the branch that zero load begins; see
    :mod:`~axonal.hebbian.theory.folds` for what becomes of it where noise has smoothed it.

    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> load, number = spinodal(CLEAN, [0.0, 0.5])
    >>> load.round(9)
    array([0.13790557, 0.05881552])
    """
    found, back, shape = _ends(system, T)
    return found.load[back].reshape(shape), found.number[back].reshape(shape)


def low_overlap_load(system: SaddlePoint, T: ArrayLike) -> Float64Array:
    """Largest load of the branch of low overlap, P >= 3; zero where there is none.

    >>> from axonal.hebbian.theory.crosstalk import distinct
    >>> from axonal.hebbian.theory.gaussian_noise import GaussianNoise
    >>> low_overlap_load(SaddlePoint(4, GaussianNoise(10.0), distinct(4)), [0.1, 0.4]).round(6)
    array([0.140571, 0.      ])
    """
    found, back, shape = _ends(system, T)
    return found.low_load[back].reshape(shape)


def _ends(system: SaddlePoint, T: ArrayLike) -> tuple[Ends, NDArray[np.intp], tuple[int, ...]]:
    T = np.asarray(T, dtype=np.float64)
    values, back = np.unique(T, return_inverse=True)
    return ends(system, values), back.ravel(), T.shape


def retrieval(system: SaddlePoint, load: ArrayLike, T: ArrayLike) -> Solution:
    """The state that retrieves one pattern.

    Args:
        system: the model.
        load: alpha or gamma, >= 0.
        T: temperature, >= 0; broadcasts with ``load``.

    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> retrieval(CLEAN, [0.05, 0.2], 0.3).m.round(6)
    array([0.991165,      nan])
    """
    load, T = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(load, T))
    return _at(system, T, number_of_load(system, load, T))


def low_overlap(system: SaddlePoint, load: ArrayLike, T: ArrayLike) -> Solution:
    """The state on the branch of low overlap, P >= 3.

    Args:
        system: the model.
        load: gamma, >= 0.
        T: temperature, >= 0; broadcasts with ``load``.

    >>> from axonal.hebbian.theory.crosstalk import distinct
    >>> from axonal.hebbian.theory.gaussian_noise import GaussianNoise
    >>> memory = SaddlePoint(4, GaussianNoise(10.0), distinct(4))
    >>> state = low_overlap(memory, [0.05, 0.12], 0.1)
    >>> state.n.round(4), state.minmax
    (array([   nan, 0.3682]), array([False,  True]))
    """
    load, T = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(load, T))
    found, row, _ = _ends(system, T)
    curve = curves(system, T.ravel())
    target, number = load.ravel(), np.full(load.size, np.nan)
    some = np.flatnonzero((target > 0) & (target <= found.low_load[row]))
    start, end = found.low_start[row[some]], found.low_number[row[some]]
    root = find_root(_excess(system), start, end, (target[some], *curve.at(some)))
    # On the end itself rounding may hide the change of sign.
    at_end = np.abs(target[some] / found.low_load[row[some]] - 1) < 1e-12
    number[some] = np.where(np.isnan(root) & at_end, end, root)
    return _at(system, T, number.reshape(T.shape))


def _excess(system: SaddlePoint):  # type: ignore[no-untyped-def]
    def excess(number: Float64Array, target: Float64Array, *curve: Float64Array) -> Float64Array:
        return point(system, Curve(*curve), number).load - target

    return excess


def number_of_load(system: SaddlePoint, load: Float64Array, T: Float64Array) -> Float64Array:
    """Number of the retrieval state on the curve of its temperature, nan where there is none.

    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> number_of_load(CLEAN, np.array([0.0, 0.129582]), np.array([0.0, 0.0])).round(5)
    array([0. , 0.4])
    """
    found, row, _ = _ends(system, T)
    row = row.reshape(T.shape)
    number = np.where((load == 0) & (zero_load_temperature(system) > T), 0.0, np.nan)
    some = (load <= found.load[row]) & (load > 0)
    target, t, row = load[some], T[some], row[some]
    low, high = _bracket(system, found, row, target)
    root = find_root(_excess(system), low, high, (target, *curves(system, t)))
    # On the spinodal itself rounding may hide the change of sign.
    number[some] = np.where(np.isnan(root), found.number[row], root)
    return number


def retrieval_inside(system: SaddlePoint, load: ArrayLike, T: ArrayLike) -> Solution:
    """The same state as :func:`retrieval`, faster at many temperatures and loads inside its phase.

    The spinodal is known on a grid of temperatures, once per system. Up to the smaller number of
    two neighbours the load rises along every curve between them, and a state with less load than
    there is a root on the way. What is not found so is left to :func:`retrieval`.

    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> retrieval_inside(CLEAN, [0.05, 0.2], 0.3).m.round(6)
    array([0.991165,      nan])
    """
    load, T = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(load, T))
    grid, numbers = _spinodal_numbers(system)
    before = np.clip(np.searchsorted(grid, T, side="right") - 1, 0, grid.size - 2)
    high = np.minimum(numbers[before], numbers[before + 1])
    some = (load > 0) & (grid[-1] >= T) & ~np.isnan(high)
    number = np.full(T.shape, np.nan)
    # load <= x^2 always for P = 2, since n^2 <= q and C >= 0.
    low = np.sqrt(load[some]) * (1 - 1e-9) if system.P == 2 else np.zeros(int(some.sum()))
    curve = curves(system, T[some])
    number[some] = find_root(_excess(system), low, high[some], (load[some], *curve))
    rest = np.isnan(number)
    number[rest] = number_of_load(system, load[rest], T[rest])
    return _at(system, T, number)


@lru_cache(maxsize=64)
def _spinodal_numbers(system: SaddlePoint) -> tuple[Float64Array, Float64Array]:
    """Temperatures up to that of zero load, and the number of the state at the spinodal there."""
    grid = np.linspace(0.0, zero_load_temperature(system), _TEMPERATURES)
    return grid, spinodal(system, grid)[1]


def _bracket(
    system: SaddlePoint, found: Ends, row: NDArray[np.intp], target: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Numbers around the smallest one with a load: of several states that with the most overlap."""
    # load <= x^2 always for P = 2, since n^2 <= q and C >= 0.
    low = np.sqrt(target) * (1 - 1e-9) if system.P == 2 else np.zeros(target.shape)
    high = found.number[row]
    for start in range(0, target.size, _ROWS):
        rows = slice(start, start + _ROWS)
        reached = found.table[row[rows]] >= target[rows, None]
        last = np.searchsorted(found.grid, high[rows])
        first = np.where(reached.any(1), reached.argmax(1), last)
        # Between the grid and a peak that it misses the root may lie one step further left.
        before = np.where(first < last, first - 1, last - 2)
        low[rows] = np.maximum(low[rows], np.where(before >= 0, found.grid[before], 0.0))
        high[rows] = np.where(first < last, found.grid[np.minimum(first, last - 1)], high[rows])
    return low, np.maximum(low, high)


def at_spinodal(system: SaddlePoint, T: ArrayLike) -> Solution:
    """The retrieval state at its largest load, :func:`spinodal`.

    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> at_spinodal(CLEAN, [0.0]).m.round(6)
    array([0.967417])
    """
    T = np.asarray(T, dtype=np.float64)
    return _at(system, T, spinodal(system, T)[1])


def at_low_overlap_end(system: SaddlePoint, T: ArrayLike) -> Solution:
    """The state of low overlap at its largest load, :func:`low_overlap_load`."""
    T = np.asarray(T, dtype=np.float64)
    found, row, _ = _ends(system, T)
    return _at(system, T, found.low_number[row].reshape(T.shape))


def along(system: SaddlePoint, curve: Curve, number: Float64Array) -> tuple[Float64Array, Solution]:
    """Load and state at numbers on the curves of some temperatures.

    >>> import numpy as np
    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> curve = curves(CLEAN, np.array([0.0]))
    >>> load, state = along(CLEAN, curve, np.array([0.4]))
    >>> load.round(6), state.m.round(6)
    (array([0.129582]), array([0.987581]))
    """
    at = point(system, curve, number)
    exists = at.load >= 0
    return at.load, _solution(system, exists, curve.at(exists), number[exists])


def _at(system: SaddlePoint, T: Float64Array, number: Float64Array) -> Solution:
    exists = ~np.isnan(number)
    return _solution(system, exists, curves(system, T[exists]), number[exists])


def _solution(
    system: SaddlePoint, exists: BoolArray, curve: Curve, number: Float64Array
) -> Solution:
    at: CurvePoint = point(system, curve, number)
    drive = system.condensed * (1 - 1 / system.P) * at.w * at.site.n
    return assemble(system, exists, at.load, curve.T, at.w, at.s, at.site, drive)
