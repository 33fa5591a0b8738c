"""Lines of the phase diagram: where states appear, lose to others, or become unstable."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

from axonal._base.array_types import Float64Array, Int64Array
from axonal.hebbian.theory._roots import find_maximum, find_root
from axonal.hebbian.theory.curve import Curve, curves, zero_load_temperature
from axonal.hebbian.theory.saddle_point import SaddlePoint
from axonal.hebbian.theory.spin_glass import no_retrieval
from axonal.hebbian.theory.states import (
    along,
    at_spinodal,
    number_of_load,
    retrieval,
    retrieval_inside,
    spinodal,
)

_TEMPERATURES = 48
"""Temperatures among which the top of a re-entrant line is bracketed."""

_NO_LOAD = 1e-13
"""Fraction of the highest load of a line that stands for none."""

_INSIDE = 1e-12
"""Fraction of a temperature by which a point lies inside the phase that ends there."""

_BELOW = 0.1
"""Fraction of where replica symmetry breaks at small loads at which it certainly is broken."""

_VANISHING = 1e-8
"""Fraction of the load at the spinodal that counts as none."""


def spinodal_load(system: SaddlePoint, T: ArrayLike) -> Float64Array:
    """Load alpha_M(T) above which nothing is retrieved; 0 where T is too high for any load."""
    return spinodal(system, T)[0]


def coexistence_load(system: SaddlePoint, T: ArrayLike) -> Float64Array:
    """Load alpha_c(T) at which retrieval and the state without it have one free energy.

    Below it retrieval is the global minimum. The other state is the replica-symmetric spin glass
    for P = 2 and the paramagnet for P >= 3, where it says little: the glass there breaks replica
    symmetry in one step.
    """
    T = np.asarray(T, dtype=np.float64)
    largest, edge = spinodal(system, T)
    found = np.zeros(T.shape)
    ask = (largest > 0) & ((T > 0) | (system.P == 2))
    t, high = T[ask], edge[ask]

    def gap(x: Float64Array, *curve: Float64Array) -> Float64Array:
        load, state = along(system, Curve(*curve), x)
        return state.f - no_retrieval(system, load, curve[0], glassy=system.P == 2).f

    low = number_of_load(system, largest[ask] * _VANISHING, t)
    curve = curves(system, t)
    x = find_root(gap, low, high, curve)
    crossed = ~np.isnan(x)
    # Without a change of sign one state is below the other at every load.
    at_crossing = along(system, curve, np.where(crossed, x, high))[0]
    found[ask] = np.where(crossed | (gap(low, *curve) < 0), at_crossing, 0.0)
    return found


class _Line(NamedTuple):
    """A line of the diagram from its top to where it reaches zero load."""

    T: Float64Array
    """rising temperatures, from the top on"""
    load: Float64Array
    """loads of the line there"""


@lru_cache(maxsize=64)
def _falling(system: SaddlePoint, line: Callable[[SaddlePoint, ArrayLike], Float64Array]) -> _Line:
    """The part of a line on which it falls with T, on a grid; the first point is its top."""
    grid = np.linspace(0.0, zero_load_temperature(system), _TEMPERATURES)
    top = find_maximum(lambda T, _: line(system, T), grid, (np.zeros(1),))
    behind = grid > top.x[0]
    return _Line(np.append(top.x, grid[behind]), np.append(top.value, top.table[0, behind]))


def spinodal_temperature(system: SaddlePoint, load: ArrayLike) -> Float64Array:
    """Temperature T_M at which the spinodal passes a load on its way down; nan above its top.

    It is the inverse of :func:`spinodal_load`.

    Args:
        system: the model.
        load: alpha or gamma, >= 0.

    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> T = spinodal_temperature(CLEAN, [0.05, 0.2])
    >>> T.round(6), spinodal_load(CLEAN, T[:1]).round(9)
    (array([0.542255,      nan]), array([0.05]))
    """
    return _inverse(system, spinodal_load, np.asarray(load, dtype=np.float64))


def coexistence_temperature(
    system: SaddlePoint, load: ArrayLike, spinodal_T: Float64Array | None = None
) -> Float64Array:
    """Temperature T_c below which retrieval is the global minimum; nan where it never is.

    It is the inverse of :func:`coexistence_load`, and at most :func:`spinodal_temperature`.

    Args:
        system: the model.
        load: alpha or gamma, >= 0.
        spinodal_T: :func:`spinodal_temperature` of the loads, where it is known.

    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> T = coexistence_temperature(CLEAN, [0.03, 0.2])
    >>> T.round(6), coexistence_load(CLEAN, T[:1]).round(9)
    (array([0.478793,      nan]), array([0.03]))
    """
    load = np.asarray(load, dtype=np.float64)
    end = spinodal_temperature(system, load) if spinodal_T is None else spinodal_T
    falling = _falling(system, coexistence_load)
    # A single pattern of P = 2 has no glass beside it.
    inside = (load <= falling.load[0]) & ((load > 0) | (system.P > 2))
    low, high, start, _ = _bracketed(falling, _some_load(system, falling, load[inside]))
    # Beyond the spinodal there is no state whose free energy could be told.
    high = np.minimum(high, end[inside] * (1 - _INSIDE))

    def gap(T: Float64Array, load: Float64Array) -> Float64Array:
        other = no_retrieval(system, load, T, glassy=system.P == 2)
        return retrieval_inside(system, load, T).f - other.f

    T = np.full(load.shape, np.nan)
    T[inside] = find_root(gap, low, high, (load[inside],), start=start)
    # Where one state is below the other at every load, coexistence is the end of the spinodal.
    rest = np.isnan(T) & (load <= falling.load[0])
    T[rest] = _inverse(system, coexistence_load, load[rest])
    return T


def _inverse(
    system: SaddlePoint, line: Callable[[SaddlePoint, ArrayLike], Float64Array], load: Float64Array
) -> Float64Array:
    """Temperature at which a line passes a load on its way down, nan above the top of the line."""
    falling = _falling(system, line)
    inside = load <= falling.load[0]
    T = np.full(load.shape, np.nan)
    target = _some_load(system, falling, load[inside])
    low, high, start, at_ends = _bracketed(falling, target)

    def distance(T: Float64Array, load: Float64Array) -> Float64Array:
        return line(system, T) - load

    T[inside] = find_root(distance, low, high, (target,), start=start, at_ends=at_ends)
    return T


def _some_load(system: SaddlePoint, falling: _Line, load: Float64Array) -> Float64Array:
    """Loads, zero replaced for P >= 3, whose lines are zero from their end on."""
    return np.maximum(load, 0.0 if system.P == 2 else _NO_LOAD * falling.load[0])


def _bracketed(
    falling: _Line, load: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array, tuple[Float64Array, Float64Array]]:
    """Ends of the grid's interval in which a line passes loads, a guess, and distances there."""
    last = falling.T.size - 1
    before = last - (falling.load[::-1] >= load[:, None]).argmax(1)
    # The end itself only where the load there is no more than nothing.
    before = np.minimum(before, last - 1)
    low, high = falling.T[before], falling.T[before + 1]
    positive = falling.load > 0
    positive[1:] |= positive[:-1]
    x, y = falling.load[positive], falling.T[positive]
    steep = np.append(True, np.diff(x) < 0)
    guess = PchipInterpolator(x[steep][::-1], y[steep][::-1], extrapolate=False)(load)
    return low, high, guess, (falling.load[before] - load, falling.load[before + 1] - load)


def stability_temperature(
    system: SaddlePoint, load: ArrayLike, spinodal_T: Float64Array | None = None
) -> Float64Array:
    """Temperature T_AT below which replica symmetry is unstable in the retrieval phase.

    de Almeida and Thouless, J. Phys. A 11, 1978. nan where there is no retrieval, or none that is
    stable.

    Args:
        system: the model.
        load: alpha or gamma, >= 0.
        spinodal_T: :func:`spinodal_temperature` of the loads, where it is known.
    """
    load = np.asarray(load, dtype=np.float64)
    high = spinodal_temperature(system, load) if spinodal_T is None else spinodal_T
    low = _cold_end(system, load)
    with np.errstate(invalid="ignore"):
        inside = (low < high) & (load > 0)
    T = np.where(load == 0, 0.0, np.nan)

    def excess(log_T: Float64Array, load: Float64Array) -> Float64Array:
        # The logarithm, since near T = 0 the replicon diverges as 1 / T.
        with np.errstate(divide="ignore"):
            return np.log(retrieval_inside(system, load, np.exp(log_T)).replicon)

    ends = np.log(low[inside]), np.log(high[inside] * (1 - 1e-9))
    # The limit of no temperature says roughly where the replicon passes 1.
    root = np.exp(find_root(excess, *ends, (load[inside],), start=ends[0] - np.log(_BELOW)))
    # At small loads the instability lies below every number that a double can hold.
    T[inside] = np.where(excess(ends[0], load[inside]) <= 0, 0.0, root)
    return T


def _cold_end(system: SaddlePoint, load: Float64Array) -> Float64Array:
    """Temperature in the retrieval phase below the instability."""
    low = np.full(load.shape, np.nan)
    cold_limit = spinodal_load(system, 0.0)
    at_zero = (load > 0) & (load <= cold_limit)
    # At T -> 0 the replicon times T has a limit, which is also where it passes 1, roughly.
    tiny = np.full(load[at_zero].shape, 1e-300)
    low[at_zero] = np.maximum(_BELOW * retrieval(system, load[at_zero], tiny).replicon * tiny, tiny)
    top_T, top_load = (x[0] for x in _falling(system, spinodal_load))
    reentrant = (load > cold_limit) & (load <= top_load)
    target = load[reentrant]
    ends = np.zeros(target.shape), np.full(target.shape, top_T)
    lower = find_root(lambda T, load: spinodal_load(system, T) - load, *ends, (target,))
    low[reentrant] = lower * (1 + 1e-9)
    return low


def stable_spinodal_temperature(system: SaddlePoint) -> float:
    """Temperature above which the spinodal lies where replica symmetry is stable."""

    def excess(T: Float64Array) -> Float64Array:
        return np.log(at_spinodal(system, T).replicon)

    hot = zero_load_temperature(system)
    ends = np.array([1e-4 * hot]), np.array([0.99 * hot])
    return float(find_root(excess, *ends, ())[0])


def phases(system: SaddlePoint, load: ArrayLike, T: ArrayLike) -> Int64Array:
    """Phase at each point: 0 paramagnet, 1 spin glass, 2 retrieval metastable, 3 retrieval.

    The spin glass lies where the paramagnet is unstable or absent; retrieval is metastable where
    the state without it has the smaller free energy.
    """
    retrieved = retrieval(system, load, T)
    paramagnet = no_retrieval(system, load, T, glassy=False)
    other = no_retrieval(system, load, T, glassy=True) if system.P == 2 else paramagnet
    with np.errstate(invalid="ignore"):
        lowest = np.where(other.exists, other.f, paramagnet.f)
        # At zero load and T < 1 there is neither: what is retrieved is alone.
        stable = retrieved.exists & ~(retrieved.f > lowest)
    without = np.where(paramagnet.stable, 0, 1)
    return np.where(stable, 3, np.where(retrieved.exists, 2, without)).astype(np.int64)
