"""Noisy examples of the stored patterns: what the network sees of an archetype.

Archetypes xi, examples ``eta^a = chi^a xi`` entrywise, ``P(chi = +-1) = (1 +- r) / 2``, a = 1..M.
The network stores class means in units of their own width,

    zeta = mean_a eta^a / sqrt(R),  R = r^2 + (1 - r^2) / M = r^2 (1 + rho),
    rho = (1 - r^2) / (M r^2)

so the local field of a site is ``n^(P-1) zeta + s z`` with n = <zeta s_i>, s the crosstalk.
Setting: Alemanno et al., arXiv 2212.00606 (there n is divided by sqrt(1 + rho)).
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from scipy.stats import binom

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory._quadrature import FieldAverages, field_averages, tanh_average

_NEGLIGIBLE = 1e-18
"""Probability below which a class of sites cannot change a double."""


class Averages(NamedTuple):
    """Averages over sites with a given signal strength w and crosstalk s."""

    n: Float64Array
    """overlap with the class means, <zeta s_i>"""
    m: Float64Array
    """overlap with the archetype"""
    q: Float64Array
    """<tanh^2>"""
    C: Float64Array
    """beta (1 - q)"""
    fourth: Float64Array
    """beta <sech^4>"""
    log: Float64Array
    """T <ln 2 cosh>"""


class Signal(Protocol):
    """Signal of the retrieved pattern at a site."""

    def averages(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Averages:
        """Averages over sites with the field ``w zeta + s z``."""
        ...

    def overlap(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Float64Array:
        """The first of the averages, n, alone."""
        ...

    @property
    def entropy(self) -> float:
        """Entropy of what is retrieved, 0 without noise."""
        ...

    def at_entropy(self, rho: float) -> "Signal":
        """The same kind of noise, of as many examples, with another entropy."""
        ...


@dataclass(frozen=True)
class GaussianNoise:
    """Class means in the limit of many examples, ``zeta = (xi + sqrt(rho) g) / sqrt(1 + rho)``.

    Args:
        rho: variance of the noise in units of the signal, >= 0; 0 is a pattern without noise.

    >>> import numpy as np
    >>> clean = GaussianNoise(0.0).averages(np.array(1.0), np.array(0.5), np.array(0.0))
    >>> float(clean.m.round(6))  # erf(1 / (0.5 sqrt 2))
    0.9545
    """

    rho: float = 0.0

    def averages(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Averages:
        """Averages over sites with the field ``w zeta + s z``."""
        share = self.rho / (1 + self.rho)
        clean = 1 / np.sqrt(1 + self.rho)
        field = field_averages(clean * w, np.sqrt(s**2 + share * w**2), T)
        return Averages(
            # Stein's lemma: the noise of zeta enters n by the response of the site.
            n=clean * field.tanh + share * field.response * w,
            m=field.tanh,
            q=field.tanh2,
            C=field.response,
            fourth=field.fourth,
            log=field.log,
        )

    def overlap(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Float64Array:
        """The first of the averages, n, alone."""
        return self.averages(w, s, T).n if self.rho else tanh_average(w, s, T)

    @property
    def entropy(self) -> float:
        """Entropy of what is retrieved, 0 without noise."""
        return self.rho

    def at_entropy(self, rho: float) -> "GaussianNoise":
        """Noise with another entropy."""
        return GaussianNoise(rho)


@dataclass(frozen=True)
class BinomialNoise:
    """Class means of M examples, exact: ``zeta sqrt(R)`` is a mean of M signs.

    Args:
        quality: r in (0, 1].
        examples: M >= 1.

    >>> import numpy as np
    >>> one = BinomialNoise(0.5, 1).averages(np.array(1.0), np.array(0.0), np.array(0.0))
    >>> print(f"{one.m:.6f}")  # the only example is retrieved, its overlap is r
    0.500000
    """

    quality: float
    examples: int

    def averages(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Averages:
        """Averages over sites with the field ``w zeta + s z``."""
        zeta, weight = class_means(self.quality, self.examples)
        w, s, T = np.broadcast_arrays(w, s, T)
        field: FieldAverages = field_averages(w[..., None] * zeta, s[..., None], T[..., None])
        return Averages(
            n=field.tanh @ (weight * zeta),
            m=field.tanh @ weight,
            q=field.tanh2 @ weight,
            C=field.response @ weight,
            fourth=field.fourth @ weight,
            log=field.log @ weight,
        )

    def overlap(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Float64Array:
        """The first of the averages, n, alone."""
        zeta, weight = class_means(self.quality, self.examples)
        w, s, T = np.broadcast_arrays(w, s, T)
        tanh = tanh_average(w[..., None] * zeta, s[..., None], T[..., None])
        return np.asarray(tanh @ (weight * zeta))

    @property
    def entropy(self) -> float:
        """Entropy of what is retrieved, 0 without noise."""
        return entropy(self.quality, self.examples)

    def at_entropy(self, rho: float) -> "BinomialNoise":
        """As many examples of another quality."""
        return BinomialNoise(float(1 / np.sqrt(1 + self.examples * rho)), self.examples)


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
