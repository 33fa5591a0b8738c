"""Class means in the limit of many examples."""

from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory._quadrature import field_averages, tanh_average
from axonal.hebbian.theory.averages import Averages


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
