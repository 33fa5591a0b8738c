"""Lines of the phase diagram: where states appear, lose to others, or become unstable."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonal.hebbian.theory._roots import find_maximum, find_root
from axonal.hebbian.theory.branch import Curve, curves, zero_load_temperature
from axonal.hebbian.theory.glass import no_retrieval
from axonal.hebbian.theory.saddle import (
    along,
    at_spinodal,
    number_of_load,
    retrieval,
    spinodal,
)
from axonal.hebbian.theory.system import System

Array = NDArray[np.float64]

_TEMPERATURES = 48
"""Temperatures among which the top of a re-entrant line is bracketed."""

_NO_LOAD = 1e-13
"""Fraction of the highest load of a line that stands for none."""

_VANISHING = 1e-8
"""Fraction of the load at the spinodal that counts as none."""


def spinodal_load(system: System, T: ArrayLike) -> Array:
    """Load alpha_M(T) above which nothing is retrieved; 0 where T is too high for any load."""
    return spinodal(system, T)[0]


def coexistence_load(system: System, T: ArrayLike) -> Array:
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

    def gap(x: Array, *curve: Array) -> Array:
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


@lru_cache(maxsize=64)
def _top(system: System, line: Callable[[System, ArrayLike], Array]) -> tuple[float, float]:
    """Temperature and load at which a line that first rises with T is highest."""
    grid = np.linspace(0.0, zero_load_temperature(system), _TEMPERATURES)
    top = find_maximum(lambda T, _: line(system, T), grid, (np.zeros(1),))
    return float(top.x[0]), float(top.value[0])


def upper_temperature(
    system: System, load: ArrayLike, line: Callable[[System, ArrayLike], Array]
) -> Array:
    """Temperature at which a line passes a load on its way down, nan above the top of the line.

    Args:
        system: the model.
        load: alpha or gamma, >= 0.
        line: :func:`spinodal_load` gives T_M, :func:`coexistence_load` gives T_c.
    """
    load = np.asarray(load, dtype=np.float64)
    top_T, top_load = _top(system, line)
    inside = load <= top_load
    T = np.full(load.shape, np.nan)
    # Above the end of the line it is zero, and so would be its distance from no load.
    target = np.maximum(load[inside], 0.0 if system.P == 2 else _NO_LOAD * top_load)
    low, high = np.full(target.shape, top_T), np.full(target.shape, zero_load_temperature(system))
    T[inside] = find_root(lambda T, load: line(system, T) - load, low, high, (target,))
    return T


def stability_temperature(system: System, load: ArrayLike) -> Array:
    """Temperature T_AT below which replica symmetry is unstable in the retrieval phase.

    de Almeida and Thouless, J. Phys. A 11, 1978. nan where there is no retrieval, or none that is
    stable.
    """
    load = np.asarray(load, dtype=np.float64)
    high = upper_temperature(system, load, spinodal_load)
    low = _cold_end(system, load)
    with np.errstate(invalid="ignore"):
        inside = (low < high) & (load > 0)
    T = np.where(load == 0, 0.0, np.nan)

    def excess(log_T: Array, load: Array) -> Array:
        # The logarithm, since near T = 0 the replicon diverges as 1 / T.
        with np.errstate(divide="ignore"):
            return np.log(retrieval(system, load, np.exp(log_T)).replicon)

    ends = np.log(low[inside]), np.log(high[inside] * (1 - 1e-9))
    root = np.exp(find_root(excess, *ends, (load[inside],)))
    # At small loads the instability lies below every number that a double can hold.
    T[inside] = np.where(excess(ends[0], load[inside]) <= 0, 0.0, root)
    return T


def _cold_end(system: System, load: Array) -> Array:
    """Temperature in the retrieval phase below the instability."""
    low = np.full(load.shape, np.nan)
    cold_limit = spinodal_load(system, 0.0)
    at_zero = (load > 0) & (load <= cold_limit)
    # At T -> 0 the replicon times T has a limit, which is also where it passes 1, roughly.
    tiny = np.full(load[at_zero].shape, 1e-300)
    low[at_zero] = np.maximum(0.1 * retrieval(system, load[at_zero], tiny).replicon * tiny, tiny)
    top_T, top_load = _top(system, spinodal_load)
    reentrant = (load > cold_limit) & (load <= top_load)
    target = load[reentrant]
    ends = np.zeros(target.shape), np.full(target.shape, top_T)
    lower = find_root(lambda T, load: spinodal_load(system, T) - load, *ends, (target,))
    low[reentrant] = lower * (1 + 1e-9)
    return low


def stable_spinodal_temperature(system: System) -> float:
    """Temperature above which the spinodal lies where replica symmetry is stable."""

    def excess(T: Array) -> Array:
        return np.log(at_spinodal(system, T).replicon)

    hot = zero_load_temperature(system)
    ends = np.array([1e-4 * hot]), np.array([0.99 * hot])
    return float(find_root(excess, *ends, ())[0])


def phases(system: System, load: ArrayLike, T: ArrayLike) -> NDArray[np.int64]:
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
