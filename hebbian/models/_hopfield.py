"""The Hopfield model, of clean patterns and of noisy examples."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array
from axonal._base.checks import whole_number
from axonal.hebbian.models._examples import Examples
from axonal.hebbian.models._phase_model import Named
from axonal.hebbian.models._replica_model import ReplicaModel
from axonal.hebbian.theory import hopfield, phase_boundaries
from axonal.hebbian.theory._solution import Solution
from axonal.hebbian.theory.reaction import Reaction, of_pairs

if TYPE_CHECKING:
    from axonal.hebbian.montecarlo import Measurement


@dataclass(frozen=True, init=False, repr=False)
class Hopfield(ReplicaModel):
    """Pairwise associative memory of K = alpha N patterns, clean or learned from noisy examples.

        H = -(1 / 2N) sum_(i != j) sum_mu X_i^mu X_j^mu s_i s_j

    X are the patterns, or the class means of their examples over sqrt(R) (supervised), or every
    example over sqrt(M R) (unsupervised), ``R = r^2 + (1 - r^2) / M``. Replica-symmetric theory of
    Amit, Gutfreund, Sompolinsky, Ann. Phys. 173, 1987; examples after arXiv 2212.00606.

    Args:
        quality: r in (0, 1]; an entry of an example has the sign of its archetype with
            probability (1 + r) / 2. 1 stores the patterns themselves.
        examples: M >= 1 per pattern; None for clean patterns.
        protocol: ``"supervised"`` or ``"unsupervised"``.
        noise: ``"binomial"``, exact for every M, or ``"gaussian"``, the limit of many examples.
        rho: entropy of the data set, >= 0, instead of quality and examples, from which it follows
            as ``(1 - r^2) / (M r^2)``; in the limit of many examples it is all that matters.

    Raises:
        ValueError: for values outside these ranges.

    >>> memory = Hopfield()
    >>> memory.theory(alpha=[0.05, 0.1], T=0.3).m.round(6)
    array([0.991165, 0.95302 ])
    >>> print(f"{memory.alpha_M(0.0):.8f}")
    0.13790557
    """

    load_name: ClassVar[str] = "alpha"
    P: ClassVar[int] = 2  # type: ignore[misc]

    def _crosstalk(self, data: Examples) -> Reaction:
        return of_pairs(data.rho, data.examples or 1, data.protocol)

    def theory(self, alpha: ArrayLike, T: ArrayLike, phase: str = "retrieval") -> Solution:
        """The replica-symmetric state of a phase.

        Args:
            alpha: load K / N, >= 0; broadcasts with T.
            T: temperature, >= 0.
            phase: ``"retrieval"``, ``"spin-glass"`` or ``"paramagnet"``.

        Returns:
            Arrays m, n, q, r, f, replicon, and whether the state exists and is stable.

        Raises:
            ValueError: for a load or temperature below zero, or an unknown phase.
        """
        return self._state(alpha, T, phase)

    def mixture(self, alpha: ArrayLike, T: ArrayLike, patterns: int = 3) -> Solution:
        """The state with equal overlaps with several clean patterns.

        Args:
            alpha: load K / N, >= 0; broadcasts with T.
            T: temperature, >= 0.
            patterns: how many, >= 1.

        Raises:
            ValueError: for values outside these ranges, or a model of noisy examples.
        """
        if not self._data().clean:
            raise ValueError("Hopfield.mixture is known for clean patterns only: use quality=1.")
        whole_number("Hopfield.mixture", "patterns", patterns, 1)
        alpha, T = self._numbers("mixture", alpha=alpha, T=T)
        return hopfield.mixture(alpha, T, patterns)

    def simulate(
        self, alpha: float | None = None, T: float | None = None, *, N: int, **settings: Any
    ) -> "Measurement":
        """Monte Carlo of the same model, with class means that are normal if ``noise`` is.

        Args:
            alpha: load K / N.
            T: temperature, >= 0.
            N: sites.
            settings: of :func:`axonal.hebbian.montecarlo.hopfield`: K (archetypes) instead of the
                load, samples, sweeps, seed, ...

        >>> memory = Hopfield()
        >>> measured = memory.simulate(0.02, 0.3, N=500, samples=4, sweeps=50, warmup=20)
        >>> bool(abs(measured.overlap - memory.theory(0.02, 0.3).m) < 0.01)
        True
        """
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian import montecarlo

        settings = {**self._simulated(alpha, T), **settings}
        return montecarlo.hopfield(N, **settings)

    def alpha_M(self, T: ArrayLike) -> Float64Array:
        """Load above which nothing is retrieved at temperature T; 0 where nothing ever is."""
        return phase_boundaries.spinodal_load(self._system(), *self._numbers("alpha_M", T=T))

    def alpha_c(self, T: ArrayLike) -> Float64Array:
        """Load below which retrieval is the global minimum of the free energy."""
        return phase_boundaries.coexistence_load(self._system(), *self._numbers("alpha_c", T=T))

    def lines(self, load: Float64Array) -> Named:
        """Temperatures T_M, T_c, T_AT and T_g at some loads."""
        return {**super().lines(load), "T_g": (self.T_g(load), "the paramagnet freezes below")}

    def T_g(self, alpha: ArrayLike) -> Float64Array:
        """Temperature at which the paramagnet freezes to a spin glass."""
        reaction = self._crosstalk(self._data())
        return hopfield.glass_temperature(reaction, *self._numbers("T_g", alpha=alpha))
