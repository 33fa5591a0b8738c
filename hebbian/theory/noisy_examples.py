"""Noisy examples of the stored patterns: what the network sees of an archetype.

Archetypes xi, examples ``eta^a = chi^a xi`` entrywise, ``P(chi = +-1) = (1 +- r) / 2``, a = 1..M.
The network stores class means in units of their own width,

    zeta = mean_a eta^a / sqrt(R),  R = r^2 + (1 - r^2) / M = r^2 (1 + rho),
    rho = (1 - r^2) / (M r^2)

so the local field of a site is ``n^(P-1) zeta + s z`` with n = <zeta s_i>, s the crosstalk.
Setting: Alemanno et al., arXiv 2212.00606 (there n is divided by sqrt(1 + rho)).
"""

import numpy as np
from scipy.stats import binom

from axonal._base.array_types import Float64Array

_NEGLIGIBLE = 1e-18
"""Probability below which a class of sites cannot change a double."""


def class_means(quality: float, examples: int) -> tuple[Float64Array, Float64Array]:
    """Values of zeta on a site whose archetype is +1, with their probabilities.

    Args:
        quality: r in (0, 1].
        examples: M >= 1.

    >>> zeta, weight = class_means(0.5, 2)
    >>> weight.round(4)
    array([0.0625, 0.375 , 0.5625])
    """
    plus = np.arange(examples + 1)
    weight = binom.pmf(plus, examples, (1 + quality) / 2)
    kept = weight > _NEGLIGIBLE
    R = quality**2 + (1 - quality**2) / examples
    return (2 * plus[kept] - examples) / (examples * np.sqrt(R)), weight[kept]


def entropy(quality: float, examples: int) -> float:
    """Entropy of a data set, ``rho = (1 - r^2) / (M r^2)``.

    Args:
        quality: r in (0, 1].
        examples: M >= 1.

    >>> entropy(0.5, 10)
    0.3
    """
    return (1 - quality**2) / (examples * quality**2)


def hard_ceiling(rho: float) -> float:
    """Best overlap with an archetype that any load and temperature allow, erf(1 / sqrt(2 rho)).

    The network stores the sign of the class mean; this is T = 0 and zero load, for every P.

    >>> round(hard_ceiling(0.25), 6)
    0.9545
    """
    from math import erf, inf, sqrt

    return erf(1 / sqrt(2 * rho) if rho > 0 else inf)
