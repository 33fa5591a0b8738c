"""The curve of all states at one temperature, numbered so that it never folds.

A site sees the field ``w zeta + s z`` with the signal ``w = n^(P-1)``. At a given temperature

    n(w, s) = w^(1 / (P-1))

ties s to w, and n falls with s at every w, so that a signal has one crosstalk s at most: the
overlap n numbers the states, whatever the load does along them. From the state at zero load with
the largest n the curve goes down to that with the smallest, and the load of each of its points
follows in closed form. Where n differs from its largest value by less than it can say, the ratio
s / w numbers the states instead.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from axonal._base.array_types import BoolArray, Float64Array
from axonal.hebbian.theory._roots import find_maximum, find_root
from axonal.hebbian.theory.averages import Averages
from axonal.hebbian.theory.saddle_point import SaddlePoint, quiet

_SECANT_STEPS = 200
_ROUNDING = 5e-16

_SPLIT = 1e-4
"""Share of the range of n over which the ratio numbers the states."""

_CROWDED = 4
"""Power by which numbers crowd at the small end of n, where the load peaks within T^(2 / (P-2))."""

PAIR_NUMBERS = np.geomspace(1e-5, 30.0, 72)
DENSE_NUMBERS = np.concatenate([np.geomspace(1e-5, 1.0, 12), 1 + np.linspace(0, 1, 65)[1:-1]])
"""Numbers on which maxima of the load are bracketed, for P = 2 and beyond."""


class Curve(NamedTuple):
    """Ends of the curves of several temperatures, arrays of one shape; all but T for P >= 3."""

    T: Float64Array
    smallest: Float64Array
    """n at the end with the smallest overlap, where the load is zero again"""
    split: Float64Array
    """n from which down it numbers the states"""
    ratio: Float64Array
    """s / w there"""

    def at(self, index: NDArray[np.intp] | BoolArray) -> "Curve":
        """The curves at some places."""
        return Curve(*(ends[index] for ends in self))


class CurvePoint(NamedTuple):
    """States on a curve; the load is minus infinity where there is none."""

    w: Float64Array
    s: Float64Array
    site: Averages
    load: Float64Array


def amplitude(system: SaddlePoint, T: Float64Array, x: Float64Array) -> Float64Array:
    """Largest w with ``n(w)^(P-1) = w`` at the crosstalk ``s = x w``, nan where there is none.

    It is the largest root of ``(P - 1) ln n(w) - ln w``, concave in ln w, which secants reach from
    the right without a step too far.

    >>> import numpy as np
    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> amplitude(CLEAN, np.array([0.5]), np.array([0.0])).round(6)  # m = tanh(2 m)
    array([0.957504])
    """
    T, x = (np.ravel(a) for a in np.broadcast_arrays(T, x))
    order = system.P - 1
    log_w = np.zeros(T.size)
    moving = np.arange(T.size)
    # n falls at most as s / w grows, so that no slope is steeper and no first step too long.
    slope: Float64Array | float = -1.0
    before = step = np.zeros(T.size)
    for turn in range(_SECANT_STEPS):
        w = np.exp(log_w[moving])
        n = system.signal.overlap(w, x[moving] * w, T[moving])
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


def crosstalk(system: SaddlePoint, T: Float64Array, n: Float64Array) -> Float64Array:
    """The s at which an overlap n is that of a state, nan where no load has it.

    >>> import numpy as np
    >>> from axonal.hebbian.theory.crosstalk import distinct
    >>> from axonal.hebbian.theory.gaussian_noise import GaussianNoise
    >>> memory = SaddlePoint(4, GaussianNoise(), distinct(4))
    >>> s = crosstalk(memory, np.array([0.0]), np.array([0.9]))  # n = erf(n^3 / (s sqrt 2))
    >>> s.round(6)
    array([0.443201])
    """
    w = n ** (system.P - 1)

    def excess(s: Float64Array, n: Float64Array, w: Float64Array, T: Float64Array) -> Float64Array:
        return system.signal.overlap(w, s, T) - n

    # No density of the field is above that of s z, hence n <= sqrt(2 / pi) w / s.
    most = np.sqrt(2 / np.pi) * w / n * (1 + 1e-9)
    return find_root(excess, np.zeros_like(n), most, (n, w, T))


@lru_cache(maxsize=64)
def _widest(system: SaddlePoint) -> tuple[float, float]:
    """Temperature up to which P >= 3 retrieve at zero load, and the field w / T there."""

    def temperature(log_h: Float64Array, zero: Float64Array) -> Float64Array:
        n = system.signal.overlap(np.exp(log_h), zero, np.ones_like(zero))
        return np.asarray((system.P - 1) * np.log(n) - log_h)

    best = find_maximum(temperature, np.linspace(-3.0, 6.0, 64), (np.zeros(1),))
    return float(np.exp(best.value[0])), float(np.exp(best.x[0]))


def zero_load_temperature(system: SaddlePoint) -> float:
    """Temperature above which even a single pattern is not retrieved.

    It is ``max_h n(h)^(P-1) / h`` over the field ``h = w / T``, and 1 for P = 2.
    """
    return 1.0 if system.P == 2 else _widest(system)[0]


def curves(system: SaddlePoint, T: Float64Array) -> Curve:
    """The curve of states at each temperature; nan where even a single pattern is not retrieved.

    Args:
        system: the model.
        T: temperatures, >= 0.
    """
    if system.P == 2:
        return Curve(T, *(np.zeros(T.shape) for _ in range(3)))
    values, back = np.unique(T, return_inverse=True)
    order = system.P - 1
    ends = np.full((3, values.size), np.nan)
    cold = values < zero_load_temperature(system)
    t = values[cold]
    largest = amplitude(system, t, np.zeros(t.size)) ** (1 / order)
    middle = np.log(_widest(system)[1] * np.maximum(t, 1e-300))

    def excess(log_w: Float64Array, T: Float64Array) -> Float64Array:
        with quiet():
            n = system.signal.overlap(np.exp(log_w), np.zeros_like(T), T)
            return order * np.log(n) - log_w

    # n <= w / T, hence n^(P-2) >= T at zero load.
    with quiet():
        low = order / (order - 1) * np.log(t)
    smallest = np.zeros(t.size)
    warm = t > 1e-100
    root = find_root(excess, low[warm] - 1e-9, middle[warm], (t[warm],))
    smallest[warm] = np.exp(np.where(np.isnan(root), middle[warm], root) / order)
    split = largest - _SPLIT * (largest - smallest)
    s = crosstalk(system, t, split)
    ends[:, cold] = smallest, split, s / split**order
    return Curve(T, *(end[back].reshape(T.shape) for end in ends))


def point(system: SaddlePoint, curve: Curve, number: Float64Array) -> CurvePoint:
    """States on curves.

    Args:
        system: the model.
        curve: one a state.
        number: for P = 2 the ratio s / w >= 0; beyond, from 0 where n is largest, at zero load, to
            2 where it is smallest.
    """
    if system.P == 2:
        w = amplitude(system, curve.T, number)
        return _point(system, curve.T, w, number * w)
    order = system.P - 1
    first = number <= 1
    w = np.full(number.shape, np.nan)
    s = np.full(number.shape, np.nan)
    if first.any():
        x = number[first] * curve.ratio[first]
        w[first] = amplitude(system, curve.T[first], x)
        s[first] = x * w[first]
    if not first.all():
        rest = curve.at(np.flatnonzero(~first))
        share = (2 - number[~first]) ** _CROWDED
        n = rest.smallest + (rest.split - rest.smallest) * share
        w[~first] = n**order
        s[~first] = crosstalk(system, rest.T, n)
    return _point(system, curve.T, w, s)


def number_of(curve: Curve, n: Float64Array) -> Float64Array:
    """Number of the state with an overlap n below the split, for P >= 3."""
    share = (n - curve.smallest) / (curve.split - curve.smallest)
    return np.asarray(2 - np.clip(share, 0.0, 1.0) ** (1 / _CROWDED))


def with_overlap(system: SaddlePoint, T: Float64Array, n: Float64Array) -> CurvePoint:
    """States of P >= 3 with an overlap n with what is stored."""
    return _point(system, T, n ** (system.P - 1), crosstalk(system, T, n))


def _point(system: SaddlePoint, T: Float64Array, w: Float64Array, s: Float64Array) -> CurvePoint:
    # Where there is no state the averages are of no interest, only the load must say so.
    there = ~np.isnan(w) & ~np.isnan(s) & (w > 0)
    w, s = np.where(there, w, 0.0), np.where(there, s, 0.0)
    site = system.signal.averages(w, s, T)
    with quiet():
        load = np.where(there, system.crosstalk.load(s, site.q, site.C), -np.inf)
    return CurvePoint(w, s, site, load)
