"""Noise from the patterns that are not retrieved, as a function of the overlap of two replicas."""

from dataclasses import dataclass
from math import factorial
from typing import Protocol

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory.averages import Averages


class Crosstalk(Protocol):
    """Variance s^2 of the local field as a function of the load, q and C = beta (1 - q)."""

    @property
    def bound(self) -> float:
        """Largest s^2 / load that q and C, with C = 0, allow."""
        ...

    def load(self, s: Float64Array, q: Float64Array, C: Float64Array) -> Float64Array:
        """Load at which the crosstalk is s; negative beyond the singularity of the reaction."""
        ...

    def variance(self, q: Float64Array, C: Float64Array) -> Float64Array:
        """s^2 per unit of load."""
        ...

    def replicon(self, load: Float64Array, site: Averages, T: Float64Array) -> Float64Array:
        """``ds^2/dq beta^2 <sech^4>``: replica symmetry is stable below 1."""
        ...

    def free_energy(
        self, load: Float64Array, s: Float64Array, site: Averages, T: Float64Array
    ) -> Float64Array:
        """Contribution of the crosstalk to the free energy per spin."""
        ...


@dataclass(frozen=True)
class _Polynomial:
    """Couplings of P >= 3 spins, where the noise has no reaction: ``s^2 = gamma kappa(q)``.

    ``gamma = (P-1)! K / N^(P-1)`` and ``kappa(q) = sum_k c_k q^k``; distinct indices give
    ``kappa = q^(P-1)`` (Gardner, J. Phys. A 20, 1987).

    Args:
        coefficients: c_0, c_1, ... c_(P-1).

    >>> import numpy as np
    >>> float(distinct(4).load(np.array(0.5), np.array(0.5), np.array(0.0)))
    2.0
    """

    coefficients: tuple[float, ...]

    def variance(self, q: Float64Array, C: Float64Array) -> Float64Array:
        """s^2 per unit of load, kappa(q)."""
        return np.asarray(np.polynomial.polynomial.polyval(q, np.array(self.coefficients)))

    @property
    def bound(self) -> float:
        """Largest s^2 / load that q and C, with C = 0, allow."""
        return sum(self.coefficients)

    def load(self, s: Float64Array, q: Float64Array, C: Float64Array) -> Float64Array:
        """Load at which the crosstalk is s."""
        return s**2 / self.variance(q, C)

    def replicon(self, load: Float64Array, site: Averages, T: Float64Array) -> Float64Array:
        """``gamma kappa'(q) beta^2 <sech^4>``."""
        slope = np.polynomial.polynomial.polyder(np.array(self.coefficients))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = load * np.polynomial.polynomial.polyval(site.q, slope) * site.fourth / T
        return np.where(load > 0, value, 0.0)

    def free_energy(
        self, load: Float64Array, s: Float64Array, site: Averages, T: Float64Array
    ) -> Float64Array:
        """``-gamma beta/2 [G(1) - G(q) - (1 - q) kappa(q)]``, G the integral of kappa.

        For ``kappa = q^(P-1)`` this is ``-(beta gamma / 2P) [1 - P q^(P-1) + (P-1) q^P]``.
        """
        # Written with (1 - q)^2 taken out: 1 - k q^(k-1) + (k-1) q^k = (1 - q)^2 (1 + 2 q + ...)
        total = np.zeros(())
        for k, c in enumerate(self.coefficients):
            total = total + c / (k + 1) * sum((j + 1) * site.q**j for j in range(k))
        return -load / 2 * T * site.C**2 * total


def distinct(P: int) -> _Polynomial:
    """Crosstalk of couplings over P distinct sites, ``kappa = q^(P-1)``.

    >>> distinct(3).coefficients
    (0.0, 0.0, 1.0)
    """
    return _Polynomial((0.0,) * (P - 1) + (1.0,))


def overlap(P: int) -> _Polynomial:
    """Crosstalk of the energy ``-(N/P) sum m^P``, whose power keeps lower Hermite orders.

    For x normal, ``x^(P-1) = sum_k a_k He_k`` and two replicas share ``a_k^2 k! q^k``; the
    coefficients are in units of (P-1)!, the share of distinct indices.

    >>> [6 * c for c in overlap(4).coefficients]
    [0.0, 9.0, 0.0, 6.0]
    """
    n = P - 1
    shares = [0.0] * (n + 1)
    for k in range(n, -1, -2):
        j = (n - k) // 2
        a = factorial(n) // (2**j * factorial(j) * factorial(k))
        shares[k] = a**2 * factorial(k) / factorial(n)
    return _Polynomial(tuple(shares))


def of_examples(clean: _Polynomial, quality: float, examples: int) -> _Polynomial:
    """Crosstalk when every example is stored by itself, in the units of the class means.

    Two examples of one pattern overlap by r^2, so
    ``c_k -> c_k [1 + (M - 1) r^(2 + 2 k)] / (M R^P)``; for distinct indices this is
    ``(1 + rho_P) / (1 + rho)^P`` with ``rho_P = (1 - r^2P) / (M r^2P)``.

    Args:
        clean: crosstalk of stored patterns.
        quality: r in (0, 1].
        examples: M >= 1.

    >>> of_examples(distinct(3), 0.5, 1).coefficients
    (0.0, 0.0, 1.0)
    """
    P = len(clean.coefficients)
    R = quality**2 + (1 - quality**2) / examples
    return _Polynomial(
        tuple(
            c * (1 + (examples - 1) * quality ** (2 + 2 * k)) / (examples * R**P)
            for k, c in enumerate(clean.coefficients)
        )
    )
