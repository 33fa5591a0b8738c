"""Dense memories of P >= 3 spins a coupling, in both meanings of the word.

    distinct  H = -((P-1)! / N^(P-1)) sum_mu e_P(xi^mu s),   e_P over P different sites
    overlap   H = -(N / P) sum_mu m_mu^P

The signal is the same; the power of the overlap also holds the lower Hermite orders, so that its
crosstalk is larger. Distinct indices: Gardner, J. Phys. A 20, 1987. Overlaps: Krotov, Hopfield,
NIPS 2016. The load is ``gamma = (P-1)! K / N^(P-1)`` in both.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import erf

from axonal._base.array_types import Int64Array


def zero_temperature_capacity(P: int) -> tuple[float, float]:
    """Largest load of distinct indices at T = 0 without reaction, and the overlap there.

    ``gamma_c = max_y erf(y)^(2 (P-1)) / (2 y^2)``, replica symmetric; P = 2 gives 2 / pi, the
    strongly diluted asymmetric network, not the symmetric Hopfield model.

    >>> "%.8f %.8f" % zero_temperature_capacity(4)
    '0.19786012 0.91792194'
    """
    if P == 2:
        return 2 / np.pi, 0.0

    def minus_root(y: float) -> float:
        return float(-(erf(y) ** (P - 1)) / y)

    best = minimize_scalar(minus_root, bounds=(0.3, 6.0), method="bounded", options={"xatol": 1e-9})
    return float(best.fun**2 / 2), float(erf(best.x))


def elementary_symmetric(order: int, y: ArrayLike, n: int) -> Int64Array:
    """Elementary symmetric polynomial e_order of n signs whose sum is y.

    ``(k + 1) e_(k+1) = y e_k - (n - k + 1) e_(k-1)``, exact in integers while they fit 64 bits.

    Args:
        order: >= 0.
        y: sums of n signs, of the parity of n.
        n: number of signs.

    >>> elementary_symmetric(3, [9, 3, -1], 9)
    array([84, -8,  4])
    """
    y = np.asarray(y, dtype=np.int64)
    before, now = np.zeros_like(y), np.ones_like(y)
    for k in range(order):
        before, now = now, (y * now - (n - k + 1) * before) // (k + 1)
    return now
