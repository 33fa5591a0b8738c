"""Diluted patterns, of which a network retrieves several at once.

    P(xi = +-1) = (1 - d) / 2,  P(xi = 0) = d,  H = -(N / (2 (1 - d))) sum_mu m_mu^2
    m_mu = E[xi^mu tanh(beta' xi . m)],  beta' = beta / (1 - d)
    f = sum_mu m_mu^2 / (2 (1 - d)) - T E ln 2 cosh(beta' xi . m)

for a finite number K of patterns; T = 1 is the critical temperature at every dilution d. With
noisy examples zeta, the class means in units of their width, takes the place of xi in the field,
and ``n_mu = E[zeta^mu tanh(beta' zeta . n)]`` that of m. Agliari et al., Phys. Rev. Lett. 109,
2012, and arXiv 2308.04106.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import BoolArray, Float64Array
from axonal.hebbian.theory._roots import find_root
from axonal.hebbian.theory.site_classes import SiteClasses

_POINTS = 4096
"""Points solved at once, so that the sums over classes stay in the cache."""

_WARM_UP = 30
_STEPS = 500
_PRECISION = 1e-14
_FLAT = 1e-9
_LONGEST = 0.02
"""Change of an overlap up to which Newton's method stays in the basin."""


@dataclass(frozen=True)
class MultitaskingSolution:
    """A state of the multitasking network, with points in the leading axes.

    Args:
        m: overlaps with the archetypes [..., K].
        n: overlaps with what is stored [..., K]; equal m for clean patterns.
        f: free energy per spin.
        curvature: smallest eigenvalue of the Hessian of f over n,
            ``(1 - beta' E[sech^2 zeta zeta^T]) / (1 - d)``.
        stable: whether the curvature is above 0.

    >>> from axonal.hebbian import MultitaskingHopfield
    >>> MultitaskingHopfield(dilution=0.2, K=3).theory(T=0.02).m.round(3)
    array([0.8  , 0.16 , 0.031])
    """

    m: Float64Array
    n: Float64Array
    f: Float64Array
    curvature: Float64Array
    stable: BoolArray


def hierarchical_start(K: int, dilution: ArrayLike) -> Float64Array:
    """Overlaps ``(1 - d) d^(k-1)`` of the hierarchical state at T = 0 [..., K].

    >>> hierarchical_start(3, 0.5)
    array([0.5  , 0.25 , 0.125])
    """
    d = np.asarray(dilution, dtype=np.float64)[..., None]
    return np.asarray((1 - d) * d ** np.arange(K))


def hierarchical_limit(K: int) -> float:
    """Dilution d_c(K) below which the hierarchical state is valid at T = 0.

    Beyond it the first pattern no longer outweighs the others together; d_c solves
    ``1 - 2 d + d^K = 0`` and is 1 for K <= 2.

    >>> round(hierarchical_limit(3), 7)
    0.618034
    """
    if K <= 2:
        return 1.0
    coefficients = np.zeros(K + 1)
    coefficients[0], coefficients[1], coefficients[K] = 1, -2, 1
    # d = 1 is a root too; the other positive one lies below.
    deflated, _ = np.polynomial.polynomial.polydiv(coefficients, np.array([-1.0, 1.0]))
    roots = np.polynomial.polynomial.polyroots(deflated)
    real = roots[np.abs(roots.imag) < 1e-9].real
    return float(real[(real > 0) & (real < 1)].max())


def solve(
    classes: SiteClasses, dilution: ArrayLike, T: ArrayLike, start: ArrayLike
) -> MultitaskingSolution:
    """State that the dynamics reaches from a start.

    Every iteration of the self-consistency lowers the free energy, so that a few lead into the
    basin of a state; Newton's method then finishes where the free energy is convex.

    Args:
        classes: of sites; its weights may differ from point to point.
        dilution: d in [0, 1), broadcasts with T.
        T: temperature, > 0.
        start: overlaps n to start from [..., K].

    >>> from axonal.hebbian.theory.site_classes import clean_classes
    >>> state = solve(clean_classes(1, 0.0), 0.0, 0.5, [1.0])
    >>> state.m.round(6)  # m = tanh(2 m)
    array([0.957504])
    """
    return _in_parts(_solve, classes, dilution, T, start)


def symmetric(
    classes: SiteClasses, dilution: ArrayLike, T: ArrayLike, patterns: int
) -> MultitaskingSolution:
    """The state with equal overlaps with the first patterns, the parallel one if these are all.

    It may be unstable; zero overlaps at T >= 1.

    Args:
        classes: of sites, with independent entries.
        dilution: d in [0, 1), broadcasts with T.
        T: temperature, > 0.
        patterns: how many share the overlap.

    >>> from axonal.hebbian.theory.site_classes import clean_classes
    >>> state = symmetric(clean_classes(2, 0.5), 0.5, 0.02, 2)
    >>> state.m.round(4), state.stable
    (array([0.375, 0.375]), np.False_)
    """
    d, T = np.broadcast_arrays(
        np.asarray(dilution, dtype=np.float64), np.asarray(T, dtype=np.float64)
    )
    X = classes.stored[:, :patterns].sum(1)
    weights = np.broadcast_to(classes.weights, (*d.shape, X.size)).reshape(-1, X.size)

    def excess(n: Float64Array, row: Float64Array, strength: Float64Array) -> Float64Array:
        tanh = np.tanh((strength * n)[:, None] * X)
        return np.asarray((weights[row.astype(int)] * tanh) @ X / patterns - n)

    strength = (1 / (T * (1 - d))).ravel()
    rows = np.arange(d.size, dtype=np.float64)
    low = np.full(d.size, 1e-9)
    # n <= E |X| / patterns; concave in n, so that there is one root or none.
    high = (weights @ np.abs(X)) / patterns * (1 + 1e-9) + 2e-9
    n = np.nan_to_num(find_root(excess, low, high, (rows, strength))).reshape(d.shape)
    start = n[..., None] * (np.arange(classes.stored.shape[1]) < patterns)
    return _in_parts(_values, classes, d, T, start)


def _in_parts(
    function: Callable[..., tuple[Float64Array, ...]],
    classes: SiteClasses,
    dilution: ArrayLike,
    T: ArrayLike,
    start: ArrayLike,
) -> MultitaskingSolution:
    d, T = np.broadcast_arrays(
        np.asarray(dilution, dtype=np.float64), np.asarray(T, dtype=np.float64)
    )
    K, shape = classes.stored.shape[1], d.shape
    weights = np.broadcast_to(classes.weights, (*shape, classes.weights.shape[-1]))
    weights = weights.reshape(-1, weights.shape[-1])
    n = np.broadcast_to(np.asarray(start, dtype=np.float64), (*shape, K)).reshape(-1, K).copy()
    d, T = d.ravel(), T.ravel()
    parts = []
    for first in range(0, T.size, _POINTS):
        rows = slice(first, first + _POINTS)
        parts.append(function(classes, weights[rows], d[rows], T[rows], n[rows]))
    m, n, f, curvature = (np.concatenate(part) for part in zip(*parts, strict=True))
    f, curvature = f.reshape(shape), curvature.reshape(shape)
    return MultitaskingSolution(
        m.reshape(*shape, K), n.reshape(*shape, K), f, curvature, curvature > 0
    )


def _solve(
    classes: SiteClasses, weights: Float64Array, d: Float64Array, T: Float64Array, n: Float64Array
) -> tuple[Float64Array, ...]:
    zeta, strength = classes.stored, 1 / (T * (1 - d))
    moving = np.arange(T.size)
    for step in range(_STEPS):
        b, w = strength[moving], weights[moving]
        tanh = np.tanh(b[:, None] * (n[moving] @ zeta.T))
        change = (w * tanh) @ zeta - n[moving]
        going = np.abs(change).max(1) > _PRECISION
        if step >= _WARM_UP:
            change = _newton(_hessian(zeta, b, w, tanh), change)
        n[moving] += change
        moving = moving[going]
        if moving.size == 0:
            break
    return _values(classes, weights, d, T, n)


def _values(
    classes: SiteClasses, weights: Float64Array, d: Float64Array, T: Float64Array, n: Float64Array
) -> tuple[Float64Array, ...]:
    strength = 1 / (T * (1 - d))
    u = strength[:, None] * (n @ classes.stored.T)
    tanh = np.tanh(u)
    hessian = _hessian(classes.stored, strength, weights, tanh) / (1 - d)[:, None, None]
    log = np.abs(u) + np.log1p(np.exp(-2 * np.abs(u)))
    f = (n**2).sum(1) / (2 * (1 - d)) - T * (weights * log).sum(1)
    curvature = np.linalg.eigvalsh(hessian)[:, 0]
    return (weights * tanh) @ classes.archetypes, n, np.asarray(f), np.asarray(curvature)


def _hessian(
    zeta: Float64Array, strength: Float64Array, weights: Float64Array, tanh: Float64Array
) -> Float64Array:
    """``1 - beta' E[sech^2 zeta zeta^T]`` at every point [points, K, K]."""
    K = zeta.shape[1]
    pairs = (zeta[:, :, None] * zeta[:, None, :]).reshape(-1, K * K)
    second = (weights * (1 - tanh**2)) @ pairs
    return np.eye(K) - strength[:, None, None] * second.reshape(-1, K, K)


def _newton(hessian: Float64Array, change: Float64Array) -> Float64Array:
    """Newton's step, downhill along directions of negative curvature too, and never long."""
    curvature, axes = np.linalg.eigh(hessian)
    along = np.einsum("pji,pj->pi", axes, change) / np.maximum(np.abs(curvature), _FLAT)
    step = np.einsum("pij,pj->pi", axes, along)
    length = np.abs(step).max(1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, _LONGEST / np.maximum(length, _LONGEST)))
