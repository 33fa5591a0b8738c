"""Regimes of a multitasking network: the patterns retrieved at once, and their overlaps."""

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array, Int64Array
from axonal.hebbian.theory._roots import find_root
from axonal.hebbian.theory.multitasking import (
    MultitaskingSolution,
    hierarchical_start,
    solve,
    symmetric,
)
from axonal.hebbian.theory.site_classes import SiteClasses

PARAMAGNET, PURE, HIERARCHICAL, PARALLEL, SUBMIXTURE = range(5)

_NOTHING = 1e-3
"""Overlap that counts as none, and difference of two that counts as none."""

_TILT = 0.05


def ground_state(classes: SiteClasses, dilution: ArrayLike, T: ArrayLike) -> MultitaskingSolution:
    """The state of least free energy among those reached from K + 1 starts, overlaps sorted.

    The starts are the hierarchical state of T = 0, and every symmetric mixture with its overlaps
    made slightly unequal.

    Args:
        classes: of sites, with independent entries.
        dilution: d in [0, 1), broadcasts with T.
        T: temperature, > 0.

    >>> from axonal.hebbian.theory.site_classes import clean_classes
    >>> ground_state(clean_classes(3, 0.8), 0.8, 0.3).m.round(4)
    array([0.1629, 0.1629, 0.1629])
    """
    d, T = np.broadcast_arrays(
        np.asarray(dilution, dtype=np.float64), np.asarray(T, dtype=np.float64)
    )
    K = classes.stored.shape[1]
    tilt = 1 + _TILT * np.linspace(1, -1, K)
    starts = [hierarchical_start(K, d)]
    for patterns in range(1, K + 1):
        n = symmetric(classes, d, T, patterns).n
        starts.append((n + _TILT * n.max(-1, keepdims=True) * (n == 0)) * tilt)
    states = [solve(classes, d, T, start) for start in starts]
    best = np.argmin([state.f for state in states], axis=0)

    def pick(values: list[Float64Array]) -> Float64Array:
        stacked = np.stack(values)
        index = best.reshape(1, *best.shape, *(1,) * (stacked.ndim - 1 - best.ndim))
        return np.asarray(np.take_along_axis(stacked, index, 0)[0])

    m, n = pick([state.m for state in states]), pick([state.n for state in states])
    order = np.argsort(-np.abs(n), axis=-1)
    m, n = (np.take_along_axis(np.abs(x), order, -1) for x in (m, n))
    curvature = pick([state.curvature for state in states])
    return MultitaskingSolution(m, n, pick([state.f for state in states]), curvature, curvature > 0)


def regime(m: Float64Array) -> Int64Array:
    """Regime of sorted overlaps: which are there, and whether they are equal.

    0 paramagnet, 1 pure (one pattern), 2 hierarchical (unequal), 3 parallel (all, equal),
    4 a symmetric mixture of some.

    Args:
        m: overlaps, largest first [..., K].

    >>> regime(np.array([[0.9, 0, 0], [0.5, 0.2, 0.1], [0.2, 0.2, 0.2], [0.3, 0.3, 0]])).tolist()
    [1, 2, 3, 4]
    """
    there = (m > _NOTHING).sum(-1)
    last = np.take_along_axis(m, np.maximum(there - 1, 0)[..., None], -1)[..., 0]
    equal = m[..., 0] - last < _NOTHING
    kinds = np.where(there == m.shape[-1], PARALLEL, SUBMIXTURE)
    kinds = np.where(equal, kinds, HIERARCHICAL)
    return np.where(there == 0, PARAMAGNET, np.where(there == 1, PURE, kinds)).astype(np.int64)


def pure_temperature(dilution: ArrayLike) -> Float64Array:
    """Temperature above which the pure state is stable against a second pattern; 1 if it never is.

    With the field h of the retrieved pattern, ``T = tanh(h) / h``, the second pattern grows while
    ``d + (1 - d) sech^2 h > T``.

    >>> pure_temperature([0.3, 0.7]).round(4)
    array([0.3039, 1.    ])
    """
    d = np.asarray(dilution, dtype=np.float64)

    def margin(h: Float64Array, d: Float64Array) -> Float64Array:
        return np.asarray(d + (1 - d) / np.cosh(np.minimum(h, 300.0)) ** 2 - np.tanh(h) / h)

    T = np.where(d < 2 / 3, 0.0, 1.0)
    some = (d > 0) & (d < 2 / 3)
    h = find_root(margin, np.full(d[some].shape, 1e-3), 2 / d[some], (d[some],))
    T[some] = np.tanh(h) / h
    return T
