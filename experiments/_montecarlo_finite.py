"""Averages of one sample of the multitasking network at finite N, without any saddle point."""

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory.site_classes import SiteClasses

NODES = {1: 401, 2: 61, 3: 31, 4: 15}
"""Nodes of the grid along each direction, for K patterns."""

_WIDTH = 6.0
_SOFTEST = 0.01


def weights(
    columns: SiteClasses, dilution: float, T: float, N: int, n: Float64Array
) -> Float64Array:
    """Density exp(-N f(n) / T) of the Gibbs measure over fields n, up to a factor.

    The Hubbard-Stratonovich transformation of exp(-H / T) is exact at every N: given n the spins
    are independent, and n = m + Gaussian noise of variance T (1 - d) / N, so that <n> = <m>.

    Args:
        columns: of the sample.
        dilution: d.
        T: temperature, > 0.
        N: sites.
        n: where [points, K].
    """
    u = np.abs(n @ columns.stored.T) / (T * (1 - dilution))
    log = u + np.log1p(np.exp(-2 * u))
    f = (n**2).sum(1) / (2 * (1 - dilution)) - T * (log @ columns.weights)
    return np.asarray(np.exp(-N / T * (f - f.min())))


def average(
    columns: SiteClasses, dilution: float, T: float, N: int, state: Float64Array
) -> Float64Array:
    """Overlaps <m> of one state at finite N, [K].

    A sum over a grid along the axes of the Hessian at the saddle point, 6 standard deviations
    sqrt(T / (N curvature)) to each side.

    Args:
        columns: of the sample.
        dilution: d.
        T: temperature, > 0.
        N: sites.
        state: overlaps at the saddle point [K].
    """
    K, zeta = len(state), columns.stored
    strength = 1 / (T * (1 - dilution))
    still = columns.weights * (1 - np.tanh(strength * (zeta @ state)) ** 2)
    curvature, axes = np.linalg.eigh(np.eye(K) - strength * (zeta.T * still) @ zeta)
    spread = np.sqrt(T * (1 - dilution) / (N * np.maximum(curvature, _SOFTEST)))
    nodes = np.linspace(-_WIDTH, _WIDTH, NODES[K])
    grid = np.stack(np.meshgrid(*[nodes] * K, indexing="ij"), -1).reshape(-1, K)
    n = state + (grid * spread) @ axes.T
    weight = weights(columns, dilution, T, N, n)
    return np.asarray(weight @ n / weight.sum())
