"""The Hopfield model at finite load: Amit, Gutfreund, Sompolinsky, Ann. Phys. 173, 1987.

    H = -(1/2N) sum_(i != j) sum_mu xi_i^mu xi_j^mu s_i s_j,   alpha = K / N
    m = <tanh beta (m + sqrt(alpha r) z)>,  q = <tanh^2>,  r = q / (1 - beta (1 - q))^2
    f = m^2/2 + alpha/(2 beta) [ln(1 - beta (1-q)) - beta q / (1 - beta (1-q))]
        + alpha beta r (1 - q) / 2 - T <ln 2 cosh beta (m + sqrt(alpha r) z)>

The constant alpha / 2 of the removed diagonal is left out.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import erf
from scipy.stats import binom

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory._quadrature import field_averages
from axonal.hebbian.theory._roots import find_root
from axonal.hebbian.theory._solution import Solution
from axonal.hebbian.theory.averages import Averages
from axonal.hebbian.theory.gaussian_noise import GaussianNoise
from axonal.hebbian.theory.reaction import Reaction
from axonal.hebbian.theory.saddle_point import SaddlePoint
from axonal.hebbian.theory.states import retrieval

CLEAN = SaddlePoint(2, GaussianNoise(), Reaction())
"""Patterns without noise."""


def zero_temperature_capacity() -> tuple[float, float]:
    """Largest load at T = 0, and the overlap there.

    With ``y = m / sqrt(2 alpha r)``: ``sqrt(2 alpha) = erf(y)/y - 2/sqrt(pi) e^(-y^2)``, whose
    maximum over y is the capacity.

    >>> "%.10f %.7f" % zero_temperature_capacity()
    '0.1379055665 0.9674171'
    """

    def minus_root(y: float) -> float:
        return float(2 / np.sqrt(np.pi) * np.exp(-(y**2)) - erf(y) / y)

    best = minimize_scalar(minus_root, bounds=(0.5, 4.0), method="bounded", options={"xatol": 1e-9})
    return float(best.fun**2 / 2), float(erf(best.x))


def glass_temperature(reaction: Reaction, load: ArrayLike) -> Float64Array:
    """Temperature T_g at which the paramagnet becomes a spin glass, 1 + sqrt(alpha).

    With further eigenvalues k of the examples it solves ``alpha sum_k k^2 / (T - k)^2 = 1``.

    >>> float(glass_temperature(Reaction(), 0.25))
    1.5
    """
    load = np.asarray(load, dtype=np.float64)
    ends = 1 + np.sqrt(load), 1 + np.sqrt(load * reaction.bound)
    if reaction.bound == 1:
        return np.asarray(ends[0])

    def excess(T: Float64Array, load: Float64Array) -> Float64Array:
        # The square root is almost linear in T, and finite at the lower end.
        return np.sqrt(load * reaction.amplification(1 / T)) - T

    T = np.array(ends[0])
    some = load > 0
    T[some] = find_root(excess, ends[0][some], ends[1][some], (load[some],))
    return T


@dataclass(frozen=True)
class _Mixture:
    """Symmetric overlap with several patterns: the site sees the sum X of their signs there.

    Args:
        patterns: how many, >= 1.

    >>> import numpy as np
    >>> zero = np.array(0.0)
    >>> float(_Mixture(3).averages(np.array(1.0), zero, zero).m)  # E |X| / 3
    0.5
    """

    patterns: int

    def classes(self) -> tuple[Float64Array, Float64Array]:
        """Values of X with their probabilities."""
        plus = np.arange(self.patterns + 1)
        X: Float64Array = np.asarray(2.0 * plus - self.patterns, dtype=np.float64)
        return X, binom.pmf(plus, self.patterns, 0.5)

    def averages(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Averages:
        """Averages over sites with the field ``w X + s z``; the overlap is a pattern's share."""
        X, weight = self.classes()
        w, s, T = np.broadcast_arrays(w, s, T)
        field = field_averages(w[..., None] * X, s[..., None], T[..., None])
        m = field.tanh @ (weight * X / self.patterns)
        return Averages(
            n=m,
            m=m,
            q=field.tanh2 @ weight,
            C=field.response @ weight,
            fourth=field.fourth @ weight,
            log=field.log @ weight,
        )

    def overlap(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Float64Array:
        """A pattern's share of the overlap alone."""
        return self.averages(w, s, T).n

    @property
    def entropy(self) -> float:
        """None: patterns are clean."""
        return 0.0

    def at_entropy(self, rho: float) -> "_Mixture":
        """The same: patterns are clean."""
        return self


def mixture(load: ArrayLike, T: ArrayLike, patterns: int) -> Solution:
    """A state with equal overlaps m with several patterns.

    It is called stable where its replicon is below 1 and no fluctuation that makes the overlaps
    unequal grows, ``1 - beta (1 - q) - beta E[xi^1 xi^2 tanh^2] > 0``; for three patterns and no
    load that is below T = 0.4598.

    Args:
        load: alpha >= 0.
        T: temperature, >= 0; broadcasts with ``load``.
        patterns: how many patterns are mixed, >= 1.

    >>> three = mixture(0.0, [0.4, 0.5], 3)
    >>> three.m.round(4), three.stable
    (array([0.4522, 0.4175]), array([ True, False]))
    """
    signal = _Mixture(patterns)
    system = SaddlePoint(2, signal, Reaction(), condensed=patterns)
    state = retrieval(system, load, T)
    if patterns == 1:
        return state
    load, T = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(load, T))
    X, weight = signal.classes()
    pairs = weight * (X**2 - patterns) / (patterns * (patterns - 1))
    with np.errstate(invalid="ignore"):
        field = field_averages(
            state.m[..., None] * X, np.sqrt(load * state.r)[..., None], T[..., None]
        )
    # sum of pairs is 0, so that tanh^2 = 1 - T response gives the average of the pair below.
    gap = 1 - field.response @ weight + field.response @ pairs
    with np.errstate(invalid="ignore"):
        return replace(state, stable=state.stable & (gap > 0))
