"""Class means of few examples, exact."""

from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory._quadrature import FieldAverages, field_averages, tanh_average
from axonal.hebbian.theory.averages import Averages
from axonal.hebbian.theory.noisy_examples import class_means, entropy


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
