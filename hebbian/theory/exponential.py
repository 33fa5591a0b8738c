"""Memories of exponentially many patterns: the energy is a log-sum-exp of overlaps.

A site of a pattern among ``K = exp(alpha N)`` random ones feels its own signal ``lambda m`` and the
noise ``Phi(alpha, lambda) = lim (1/N) ln sum_mu exp(lambda N m_mu)``, a random energy model:

    Phi = alpha + max_m [S(m) + lambda m]   while some patterns lie at the maximum m_opt,
    Phi = lambda m_*,  alpha + S(m_*) = 0   beyond, where the noise is that of the closest one

with ``S(m)`` the exponent of the chance of an overlap m. Lucibello, Mezard, Phys. Rev. Lett. 132,
2024 (structure); the formulas are derived for two kinds of units:

    binary     S = -[(1+m)/2 ln(1+m) + (1-m)/2 ln(1-m)],  m_opt = tanh lambda
    spherical  S = ln(1 - m^2) / 2,  m_opt = (-1 + sqrt(1 + 4 lambda^2)) / (2 lambda)
"""

import numpy as np
from scipy.special import xlog1py

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory._roots import find_root

KINDS = ("binary", "spherical")


def rate(m: Float64Array, kind: str) -> Float64Array:
    """Exponent ``-S(m)`` of the chance that a random pattern has overlap m, in [0, 1].

    >>> import numpy as np
    >>> rate(np.array([0.0, 1.0]), "binary").round(6)
    array([0.      , 0.693147])
    """
    if kind == "binary":
        return np.asarray((xlog1py(1 + m, m) + xlog1py(1 - m, -m)) / 2)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log1p(-(m**2)) / 2)


def best_overlap(lam: Float64Array, kind: str) -> Float64Array:
    """Overlap m_opt of the patterns that make up the noise, before condensation."""
    if kind == "binary":
        return np.tanh(lam)
    return np.asarray(2 * lam / (1 + np.sqrt(1 + 4 * lam**2)))


def uncondensed(lam: Float64Array, kind: str) -> Float64Array:
    """``max_m [S(m) + lambda m]``: ln cosh lambda for binary units."""
    if kind == "binary":
        return np.asarray(lam + np.log1p(np.expm1(-2 * lam) / 2))
    m = best_overlap(lam, kind)
    return np.asarray(lam * m - rate(m, kind))


def condensation_load(lam: Float64Array, kind: str) -> Float64Array:
    """Load below which the noise is that of the closest pattern alone."""
    return rate(best_overlap(lam, kind), kind)


def closest_overlap(alpha: Float64Array, kind: str) -> Float64Array:
    """Largest overlap m_* with any of the patterns, ``-S(m_*) = alpha``; 1 where there is none.

    >>> import numpy as np
    >>> closest_overlap(np.array([0.130812]), "binary").round(5)
    array([0.5])
    """
    if kind == "spherical":
        return np.asarray(np.sqrt(-np.expm1(-2 * alpha)))
    m = np.ones(alpha.shape)
    some = alpha < np.log(2)

    def excess(m: Float64Array, alpha: Float64Array) -> Float64Array:
        return rate(m, kind) - alpha

    inside = alpha[some]
    # -S >= m^2 / 2
    high = np.minimum(np.sqrt(2 * inside) * (1 + 1e-12), 1.0)
    m[some] = find_root(excess, np.zeros(inside.shape), high, (inside,))
    return m


def noise(alpha: Float64Array, lam: Float64Array, kind: str) -> Float64Array:
    """Exponent Phi of the noise.

    >>> import numpy as np
    >>> noise(np.array([0.25]), np.array([0.42]), "binary").round(4)
    array([0.3357])
    """
    free = alpha + uncondensed(lam, kind)
    condensed = alpha < condensation_load(lam, kind)
    return np.where(condensed, lam * closest_overlap(alpha, kind), free)


def basin_load(lam: Float64Array, start: Float64Array, kind: str) -> Float64Array:
    """Load up to which a start at this overlap with a pattern retrieves it in one step.

    ``lambda m_0 = Phi``: ``lambda m_0 - max_m [S + lambda m]``, and ``-S(m_0)`` once the noise is
    condensed there.

    >>> import numpy as np
    >>> basin_load(np.array([0.5, 2.0]), np.array(0.5), "binary").round(6)
    array([0.129885, 0.130812])
    """
    free = lam * start - uncondensed(lam, kind)
    return np.where(start < best_overlap(lam, kind), rate(start, kind), np.maximum(free, 0.0))
