"""States without overlap with any pattern: the paramagnet and the spin glass."""

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import BoolArray, Float64Array
from axonal.hebbian.theory._roots import find_maximum, find_root
from axonal.hebbian.theory._solution import Solution, assemble
from axonal.hebbian.theory.gaussian_noise import GaussianNoise
from axonal.hebbian.theory.saddle_point import SaddlePoint, quiet

_FIELDS = np.linspace(-12.0, 12.0, 97)
"""Logarithms of s / T on which the edge of the dense glass is bracketed."""

_CLEAN = GaussianNoise()


def no_retrieval(system: SaddlePoint, load: ArrayLike, T: ArrayLike, glassy: bool) -> Solution:
    """The state without overlap with any pattern: paramagnet or spin glass.

    Args:
        system: the model.
        load: alpha or gamma, >= 0.
        T: temperature, >= 0; broadcasts with ``load``.
        glassy: True for the root with the largest q > 0, False for q = 0, or the smallest q where
            the crosstalk does not vanish at q = 0.

    >>> from axonal.hebbian.theory.hopfield import CLEAN
    >>> no_retrieval(CLEAN, 0.1, [0.5, 1.5], glassy=True).q.round(6)
    array([0.628213,      nan])
    """
    load, T = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(load, T))
    bracket = _pairwise_bracket if system.P == 2 else _dense_bracket
    low, high, exists = bracket(system, load, T, glassy)
    target, t = load[exists], T[exists]

    def excess(s: Float64Array, target: Float64Array, T: Float64Array) -> Float64Array:
        return _glass_load(system, s, T) - target

    s = np.zeros(target.size)
    above = high[exists] > 0
    s[above] = find_root(excess, low[exists][above], high[exists][above], (target[above], t[above]))
    exists = np.array(exists)
    exists[exists] = ~np.isnan(s)
    target, t, s = load[exists], T[exists], s[~np.isnan(s)]
    zero = np.zeros_like(s)
    site = _CLEAN.averages(zero, s, t)._replace(m=zero, n=zero)
    return assemble(system, exists, target, t, zero, s, site, zero)


def _glass_load(system: SaddlePoint, s: Float64Array, T: Float64Array) -> Float64Array:
    # Without a signal it does not matter what the signal would be.
    site = _CLEAN.averages(np.zeros_like(s), s, T)
    with quiet():
        return system.crosstalk.load(s, site.q, site.C)


def _pairwise_bracket(
    system: SaddlePoint, load: Float64Array, T: Float64Array, glassy: bool
) -> tuple[Float64Array, Float64Array, BoolArray]:
    """Range of the crosstalk for P = 2, where C <= sqrt(2 / pi) / s bounds it from above."""
    if not glassy:
        return np.zeros_like(T), np.zeros_like(T), T > 1
    high = np.sqrt(load * system.crosstalk.bound) + np.sqrt(2 / np.pi)
    return np.full_like(T, 1e-6), high * (1 + 1e-9), load > 0


def _dense_bracket(
    system: SaddlePoint, load: Float64Array, T: Float64Array, glassy: bool
) -> tuple[Float64Array, Float64Array, BoolArray]:
    """Range of the crosstalk for P >= 3, where load / T^2 is a function of s / T alone."""
    frozen = system.crosstalk.variance(np.zeros(1), np.zeros(1))[0] > 0
    if not glassy and not frozen:
        return np.zeros_like(T), np.zeros_like(T), T > 0

    def falling(log_sigma: Float64Array, one: Float64Array) -> Float64Array:
        return -np.log(_glass_load(system, np.exp(log_sigma), one))

    lowest = find_maximum(falling, _FIELDS, (np.ones(1),)).x
    sigma = np.exp(np.sort(np.append(_FIELDS, lowest)))
    table = _glass_load(system, sigma, np.ones_like(sigma))
    with quiet():
        below = table < (load / T**2)[..., None]
    some = below.any(-1) & (load > 0)
    high = np.sqrt(load * system.crosstalk.bound) * (1 + 1e-9)
    if glassy:
        last = sigma.size - 1 - below[..., ::-1].argmax(-1)
        return np.maximum(sigma[last] * T, 1e-9), high, some
    first = np.where(below.all(-1), sigma.size - 1, (~below).argmax(-1))
    ceiling = np.where(below.all(-1), high, sigma[first] * T)
    return np.zeros_like(T) + 1e-12, ceiling, some
