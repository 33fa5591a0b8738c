"""Saddle points of one condensed pattern, each the root of one scalar function.

With the signal ``w = n^(P-1)`` and the crosstalk ``s = x w^p`` a site has the field
``w zeta + s z``. At a given temperature and ratio x the amplitude w is the largest root of
``(P - 1) ln n(w) - ln w``, concave in ln w, which secants reach from the right without a step too
far; the load follows in closed form. Its maximum over x is the spinodal, and the
physical state at a smaller load lies to the left of it, where the load rises with x.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonal.hebbian.theory._roots import find_maximum, find_root
from axonal.hebbian.theory.examples import Averages
from axonal.hebbian.theory.system import Solution, System, assemble, quiet

Array = NDArray[np.float64]

_PAIR_RATIOS = np.geomspace(1e-5, 30.0, 72)
_DENSE_RATIOS = np.geomspace(1e-5, 1e6, 72)
"""Ratios on which the spinodal is bracketed, for P = 2 and beyond."""

_SECANT_STEPS = 200
_ROUNDING = 5e-16

_ROWS = 8192
"""Points bracketed at once."""


def amplitude(system: System, T: Array, x: Array) -> Array:
    """Largest w with ``n(w)^(P-1) = w`` at noise ``s = x w^p``, nan where there is none.

    >>> import numpy as np
    >>> from axonal.hebbian.theory.crosstalk import Reaction
    >>> from axonal.hebbian.theory.examples import GaussianNoise
    >>> hopfield = System(2, GaussianNoise(), Reaction())
    >>> amplitude(hopfield, np.array([0.5]), np.array([0.0])).round(6)  # m = tanh(2 m)
    array([0.957504])
    """
    T, x = (np.ravel(a) for a in np.broadcast_arrays(T, x))
    power, order = noise_power(system.P), system.P - 1
    log_w = np.zeros(T.size)
    moving = np.arange(T.size)
    # n falls at most as s / w grows, so that no slope is steeper and no first step too long.
    slope: Array | float = -1 - order * (power - 1)
    before = step = np.zeros(T.size)
    for turn in range(_SECANT_STEPS):
        w = np.exp(log_w[moving])
        n = system.signal.overlap(w, x[moving] * w**power, T[moving])
        with quiet():
            value = order * np.log(n) - log_w[moving]
            if turn:
                slope = (value - before) / step
            step = np.where(np.abs(value) > _ROUNDING, -value / slope, 0.0)
        # A concave function below zero that rises has its maximum behind it: there is no root.
        lost = ((slope >= 0) & (value < -1e-13)) | ~np.isfinite(step) | (log_w[moving] < -60)
        log_w[moving] = np.where(lost, np.nan, log_w[moving] + np.minimum(step, 0.0))
        # Every step goes down until rounding turns one up.
        going = ~lost & (step < -1e-14)
        moving, before, step = moving[going], value[going], step[going]
        if moving.size == 0:
            break
    return np.exp(log_w)


def noise_power(P: int) -> float:
    """Exponent p of the ratio ``x = s / w^p`` that numbers the states at a temperature.

    The ratio must rise along the branch up to the spinodal. Noise over signal does for P = 2; for
    P >= 3 it turns back before, by far where examples are noisy and few.
    """
    return 1.0 if P == 2 else 4.0


def _ratios(P: int) -> Array:
    return _PAIR_RATIOS if P == 2 else _DENSE_RATIOS


def _along(system: System, T: Array, x: Array) -> tuple[Array, Array, Averages, Array]:
    """Crosstalk, signal, averages and load of the state at ratio x."""
    w = amplitude(system, T, x)
    # Where there is no state the averages are of no interest, only the load must say so.
    w = np.where(np.isnan(w), 0.0, w)
    s = x * w ** noise_power(system.P)
    site = system.signal.averages(w, s, T)
    with quiet():
        load = np.where(w > 0, system.crosstalk.load(s, site.q, site.C), -np.inf)
    return s, w, site, load


def spinodal(system: System, T: ArrayLike) -> tuple[Array, Array]:
    """Largest load with a retrieval state, and the ratio x there; zero and nan if none.

    >>> from axonal.hebbian.theory.crosstalk import Reaction
    >>> from axonal.hebbian.theory.examples import GaussianNoise
    >>> load, ratio = spinodal(System(2, GaussianNoise(), Reaction()), [0.0, 0.5])
    >>> load.round(9)
    array([0.13790557, 0.05881552])
    """
    T = np.asarray(T, dtype=np.float64)
    values, back = np.unique(T, return_inverse=True)
    edge = _edge(system, values)
    return edge.load[back].reshape(T.shape), edge.ratio[back].reshape(T.shape)


class _Edge(NamedTuple):
    """Where retrieval ends at each of several temperatures."""

    load: Array
    ratio: Array
    table: Array
    """loads along the grid [temperatures, ratios]"""
    grid: Array
    """ratios of the table"""


def _edge(system: System, T: Array) -> _Edge:
    load, ratio = np.zeros(T.size), np.full(T.size, np.nan)
    grid = _ratios(system.P)
    table = np.full((T.size, grid.size), -np.inf)
    cold = zero_load_temperature(system) > T
    if cold.any():

        def rise(log_x: Array, T: Array) -> Array:
            return _along(system, T, np.exp(log_x))[3]

        # For P >= 3 the load rises once more where q collapses; those states are saddles.
        peak = find_maximum(rise, np.log(grid), (T[cold],), first=system.P > 2)
        load[cold] = np.maximum(peak.value, 0.0)
        ratio[cold] = np.where(peak.value > 0, np.exp(peak.x), np.nan)
        table[cold] = peak.table
    return _Edge(load, ratio, table, grid)


@lru_cache(maxsize=64)
def zero_load_temperature(system: System) -> float:
    """Temperature above which even a single pattern is not retrieved.

    It is ``max_h n(h)^(P-1) / h`` over the field ``h = w / T``, and 1 for P = 2.
    """
    if system.P == 2:
        return 1.0

    def temperature(log_h: Array, zero: Array) -> Array:
        n = system.signal.overlap(np.exp(log_h), zero, np.ones_like(zero))
        return np.asarray((system.P - 1) * np.log(n) - log_h)

    best = find_maximum(temperature, np.linspace(-3.0, 6.0, 64), (np.zeros(1),))
    return float(np.exp(best.value[0]))


def retrieval(system: System, load: ArrayLike, T: ArrayLike) -> Solution:
    """The state that retrieves one pattern.

    Args:
        system: the model.
        load: alpha or gamma, >= 0.
        T: temperature, >= 0; broadcasts with ``load``.

    >>> from axonal.hebbian.theory.crosstalk import Reaction
    >>> from axonal.hebbian.theory.examples import GaussianNoise
    >>> hopfield = System(2, GaussianNoise(), Reaction())
    >>> retrieval(hopfield, [0.05, 0.2], 0.3).m.round(6)
    array([0.991165,      nan])
    """
    load, T = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(load, T))
    x = ratio_of_load(system, load, T)
    exists = ~np.isnan(x)
    return _at_ratio(system, exists, T[exists], x[exists])


def ratio_of_load(system: System, load: Array, T: Array) -> Array:
    """Ratio x in the retrieval state, nan where there is none.

    >>> from axonal.hebbian.theory.crosstalk import Reaction
    >>> from axonal.hebbian.theory.examples import GaussianNoise
    >>> hopfield = System(2, GaussianNoise(), Reaction())
    >>> ratio_of_load(hopfield, np.array([0.0, 0.129582]), np.array([0.0, 0.0])).round(5)
    array([0. , 0.4])
    """
    values, row = np.unique(T, return_inverse=True)
    row = row.reshape(T.shape)
    edge = _edge(system, values)
    x = np.where((load == 0) & (zero_load_temperature(system) > T), 0.0, np.nan)
    some = (load <= edge.load[row]) & (load > 0)
    target, t, row = load[some], T[some], row[some]

    def excess(x: Array, target: Array, T: Array) -> Array:
        return _along(system, T, x)[3] - target

    low, high = _bracket(edge, row, target)
    root = find_root(excess, low, high, (target, t))
    # On the spinodal itself rounding may hide the change of sign.
    x[some] = np.where(np.isnan(root), edge.ratio[row], root)
    return x


def _bracket(edge: _Edge, row: NDArray[np.intp], target: Array) -> tuple[Array, Array]:
    """Ratios around the smallest one with a load: of several states that with the most overlap."""
    # load <= x^2 always, since n^2 <= q and C >= 0.
    low, high = np.sqrt(target) * (1 - 1e-9), edge.ratio[row]
    for start in range(0, target.size, _ROWS):
        rows = slice(start, start + _ROWS)
        reached = edge.table[row[rows]] >= target[rows, None]
        last = np.searchsorted(edge.grid, high[rows])
        first = np.where(reached.any(1), reached.argmax(1), last)
        # Between the grid and a peak that it misses the root may lie one step further left.
        before = np.where(first < last, first - 1, last - 2)
        low[rows] = np.maximum(low[rows], np.where(before >= 0, edge.grid[before], 0.0))
        high[rows] = np.where(first < last, edge.grid[np.minimum(first, last - 1)], high[rows])
    return low, np.maximum(low, high)


def at_spinodal(system: System, T: ArrayLike) -> Solution:
    """The retrieval state at its largest load, :func:`spinodal`.

    >>> from axonal.hebbian.theory.crosstalk import Reaction
    >>> from axonal.hebbian.theory.examples import GaussianNoise
    >>> at_spinodal(System(2, GaussianNoise(), Reaction()), [0.0]).m.round(6)
    array([0.967417])
    """
    T = np.asarray(T, dtype=np.float64)
    load, x = spinodal(system, T)
    exists = load > 0
    return _at_ratio(system, exists, T[exists], x[exists])


def along(system: System, T: Array, x: Array) -> tuple[Array, Solution]:
    """Load and retrieval state at ratios x left of the spinodal.

    >>> import numpy as np
    >>> from axonal.hebbian.theory.crosstalk import Reaction
    >>> from axonal.hebbian.theory.examples import GaussianNoise
    >>> hopfield = System(2, GaussianNoise(), Reaction())
    >>> load, state = along(hopfield, np.array([0.0]), np.array([0.4]))
    >>> load.round(6), state.m.round(6)
    (array([0.129582]), array([0.987581]))
    """
    load = _along(system, T, x)[3]
    exists = load >= 0
    return load, _at_ratio(system, exists, T[exists], x[exists])


def _at_ratio(system: System, exists: NDArray[np.bool_], T: Array, x: Array) -> Solution:
    s, w, site, load = _along(system, T, x)
    drive = system.condensed * (1 - 1 / system.P) * w * site.n
    return assemble(system, exists, load, T, s, site, drive)
