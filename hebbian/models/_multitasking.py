"""The network that retrieves several diluted patterns at once."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import AnyArray, Float64Array, Int64Array
from axonal._base.checks import not_negative, one_of, whole_number
from axonal.hebbian.models._examples import Examples
from axonal.hebbian.models._phase_model import Named, PhaseModel
from axonal.hebbian.theory import multitasking, regimes, site_classes
from axonal.hebbian.theory.multitasking import MultitaskingSolution
from axonal.hebbian.theory.site_classes import SiteClasses

if TYPE_CHECKING:
    from axonal.hebbian.montecarlo import Measurement


PHASES = ("ground", "hierarchical", "parallel", "pure")

REGIME_CODES = "0 paramagnet, 1 pure, 2 hierarchical, 3 parallel, 4 partial"

_BISECTIONS = 10
"""Of an edge of the grid, to a thousandth of it."""

_MOST_CLASSES = 200_000
"""Classes of sites that a sum still goes over."""


@dataclass(frozen=True)
class MultitaskingHopfield(PhaseModel):
    """Network of a few diluted patterns, which shares its sites out among them.

        H = -(N / (2 (1 - d))) sum_mu m_mu^2,  P(xi = 0) = d,  P(xi = +-1) = (1 - d) / 2

    Noisy examples leave blank entries blank, and their class means over sqrt(R) are stored. At
    finite K both protocols have the same equations, as long as all examples of a pattern are
    retrieved alike; few and poor examples (small r^2 M) break that, and unsupervised networks then
    retrieve single ones. Agliari et al., Phys. Rev. Lett. 109, 2012; arXiv 2308.04106.

    Args:
        dilution: d in [0, 1).
        K: number of patterns, >= 1.
        quality: r in (0, 1], as for :class:`Hopfield`.
        examples: M >= 1 per pattern; None for clean patterns.
        protocol: ``"supervised"`` or ``"unsupervised"``.

    Raises:
        ValueError: for values outside these ranges, or too many classes of sites to sum over.

    >>> network = MultitaskingHopfield(dilution=0.5, K=3)
    >>> network.theory(T=0.05).m.round(4)
    array([0.5  , 0.25 , 0.125])
    >>> network.regime(T=[0.3, 0.7]).tolist()  # hierarchical, then pure
    [2, 1]
    """

    dilution: float
    K: int
    quality: float = 1.0
    examples: int | None = None
    protocol: str = "supervised"

    load_name: ClassVar[str] = "dilution"

    def __post_init__(self) -> None:
        where = "MultitaskingHopfield"
        whole_number(where, "K", self.K, 1)
        _below_one(where, self.dilution)
        self._data().check(where)
        values = 1 if self._data().clean else (self.examples or 1) + 1
        if (2 * values + 1) ** self.K > 4 * _MOST_CLASSES:
            raise ValueError(
                f"{where} sums over all classes of sites of K = {self.K} patterns, more than"
                f" {_MOST_CLASSES} here: use fewer patterns or examples, or sample_theory."
            )

    def _data(self) -> Examples:
        return Examples(self.quality, self.examples, self.protocol, "binomial")

    @property
    def rho(self) -> float:
        """Entropy of the data set, ``(1 - r^2) / (M r^2)``; 0 for clean patterns."""
        return self._data().rho

    def _classes(self, dilution: ArrayLike) -> SiteClasses:
        if self._data().clean:
            return site_classes.clean_classes(self.K, dilution)
        return site_classes.example_classes(self.K, dilution, self.quality, self.examples or 1)

    def _points(
        self, method: str, T: ArrayLike, dilution: ArrayLike | None
    ) -> tuple[Float64Array, Float64Array]:
        where = f"MultitaskingHopfield.{method}"
        T = _positive(where, T)
        d = _below_one(where, self.dilution if dilution is None else dilution)
        d, T = np.broadcast_arrays(d, T)
        return d, T

    def theory(
        self, T: ArrayLike, phase: str = "ground", dilution: ArrayLike | None = None
    ) -> MultitaskingSolution:
        """Overlaps with all patterns in a state.

        Args:
            T: temperature, > 0; 1 is critical at every dilution.
            phase: ``"ground"``, the least free energy, sorted; ``"hierarchical"``, reached from
                ``m_k = (1 - d) d^(k-1)``; ``"parallel"``, all equal, stable or not; ``"pure"``,
                one pattern alone, stable or not.
            dilution: d in [0, 1) instead of the model's; broadcasts with T.

        Returns:
            m and n [..., K], f, smallest curvature of the free energy, and whether it is positive.

        Raises:
            ValueError: for a temperature or dilution outside its range, or an unknown phase.
        """
        one_of("MultitaskingHopfield.theory", "phase", phase, PHASES)
        d, T = self._points("theory", T, dilution)
        sites = self._classes(d)
        if phase == "ground":
            return regimes.ground_state(sites, d, T)
        if phase == "hierarchical":
            start = multitasking.hierarchical_start(self.K, d)
            return multitasking.solve(sites, d, T, start)
        return multitasking.symmetric(sites, d, T, 1 if phase == "pure" else self.K)

    def simulate(self, T: float, *, N: int, **settings: Any) -> "Measurement":
        """Monte Carlo of the same model.

        Args:
            T: temperature, >= 0.
            N: sites.
            settings: of :func:`axonal.hebbian.montecarlo.multitasking`: samples, sweeps, seed, ...

        >>> network = MultitaskingHopfield(dilution=0.3, K=2)
        >>> measured = network.simulate(0.1, N=2000, samples=2, sweeps=50, warmup=50)
        >>> bool(abs(measured.overlap - network.theory(0.1).m[0]) < 0.03)
        True
        """
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian import montecarlo

        learned = {"quality": self.quality, "examples": self.examples, "protocol": self.protocol}
        settings = {"dilution": self.dilution, "T": T, **learned, **settings}
        return montecarlo.multitasking(N, self.K, **settings)

    def regime(self, T: ArrayLike, dilution: ArrayLike | None = None) -> Int64Array:
        """Regime of the ground state: 0 paramagnet, 1 pure, 2 hierarchical, 3 parallel, 4 partial.

        Hierarchical are overlaps that differ, parallel are equal ones with all patterns, partial
        are equal ones with some.

        Args:
            T: temperature, > 0.
            dilution: d in [0, 1) instead of the model's; broadcasts with T.
        """
        d, T = self._points("regime", T, dilution)
        return regimes.regime(regimes.ground_state(self._classes(d), d, T).m)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Overlaps with all patterns, the largest first, their errors, energy and acceptance."""
        names = [f"overlap_{k + 1}" for k in range(self.K)]
        errors = [f"{name}_error" for name in names]
        return (*names, *errors, "energy", "energy_error", "acceptance")

    def states(self, load: Float64Array, T: Float64Array) -> Named:
        """The ground state and its regime at every dilution and temperature of a grid."""
        state = self.theory(T, dilution=load[:, None])
        return {
            "m": (state.m, "overlaps with the patterns, the largest first"),
            "f": (state.f, "free energy per spin"),
            "phase": (regimes.regime(state.m), REGIME_CODES),
        }

    def lines(self, load: Float64Array) -> Named:
        """Temperatures above which nothing is retrieved, and one pattern alone is stable."""
        named: Named = {"T_crit": (np.ones(load.shape), "nothing is retrieved above")}
        if self.rho == 0:
            named["T_pure"] = (self.T_pure(load), "one pattern alone is stable above")
        return named

    def borders(self, load: Float64Array, T: Float64Array, phase: AnyArray) -> Named:
        """Places at which the regime changes, by bisection of the edges of a grid."""
        d, temperatures = np.meshgrid(load, T, indexing="ij")
        places = {}
        for name, axis in (("border_load", 0), ("border_T", 1)):
            first = tuple(slice(None, -1 if k == axis else None) for k in range(2))
            second = tuple(slice(1 if k == axis else None, None) for k in range(2))
            changes = phase[first] != phase[second]
            at = np.full(changes.shape, np.nan)
            before = phase[first][changes]
            ends = [
                np.stack([x[side][changes] for x in (d, temperatures)]) for side in (first, second)
            ]
            for _ in range(_BISECTIONS if changes.any() else 0):
                middle = (ends[0] + ends[1]) / 2
                same = self.regime(middle[1], dilution=middle[0]) == before
                ends = [np.where(same, middle, ends[0]), np.where(same, ends[1], middle)]
            at[changes] = (ends[0] + ends[1])[axis] / 2
            places[name] = (at, "where the regime changes between neighbours")
        return places

    def cell(self, load: float, T: float, seed: int, settings: dict[str, Any]) -> list[float]:
        """Means over samples of the sorted overlaps."""
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian.montecarlo.statistics import survivors

        measured = replace(self, dilution=load).simulate(T, seed=seed, **settings)
        # The sample decides which pattern is second.
        m = -np.sort(-np.abs(measured.archetype_overlaps), axis=-1)
        each = [survivors(m[..., k], measured.survived) for k in range(m.shape[-1])]
        values = (*(e.mean for e in each), *(e.error for e in each))
        last = (measured.energy, measured.energy_error, measured.acceptance)
        return [*map(float, values), *last]

    def T_pure(self, dilution: ArrayLike | None = None) -> Float64Array:
        """Temperature above which one pattern alone is stable, just above d; clean patterns.

        1 where it never is, for d >= 2/3.
        """
        d = _below_one(
            "MultitaskingHopfield.T_pure", self.dilution if dilution is None else dilution
        )
        return regimes.pure_temperature(d)

    def d_c(self) -> float:
        """Dilution below which the hierarchical state is valid at T = 0; 1 for K <= 2."""
        return multitasking.hierarchical_limit(self.K)

    def sample_theory(
        self,
        patterns: ArrayLike,
        T: float,
        archetypes: ArrayLike | None = None,
        start: ArrayLike | None = None,
    ) -> MultitaskingSolution:
        """Overlaps in one sample of patterns, by the same equations with its own site classes.

        Fluctuations of a sample move the overlaps by more than everything else at finite N: this
        is what Monte Carlo on these patterns should be compared with.

        Args:
            patterns: entries of every site [N, K], or class means over sqrt(R) for examples.
            T: temperature, > 0.
            archetypes: [N, K], where class means are stored.
            start: overlaps to start from [K]; the hierarchical state by default.

        Returns:
            m and n [K] in the order of the patterns, f, curvature, and whether it is positive.

        Raises:
            ValueError: for patterns of another shape or a temperature outside its range.

        >>> rng = np.random.default_rng(0)
        >>> network = MultitaskingHopfield(dilution=0.5, K=2)
        >>> xi = rng.choice([-1, 0, 1], size=(4000, 2), p=[0.25, 0.5, 0.25])
        >>> network.sample_theory(xi, T=0.1).m.round(3)
        array([0.512, 0.235])
        """
        d, temperature = self._points("sample_theory", T, None)
        sites = site_classes.sample_classes(patterns, archetypes)
        if sites.stored.shape[1] != self.K:
            raise ValueError(
                f"MultitaskingHopfield.sample_theory expects patterns [N, {self.K}], one row a"
                f" site, got {np.shape(patterns)}."
            )
        if start is None:
            start = multitasking.hierarchical_start(self.K, d)
        return multitasking.solve(sites, d, temperature, start)


def _positive(where: str, T: ArrayLike) -> Float64Array:
    T = not_negative(where, "T", T)
    if (T == 0).any():
        raise ValueError(f"{where} expects T > 0, got 0; sites without a field need some noise.")
    return T


def _below_one(where: str, dilution: ArrayLike) -> Float64Array:
    d = not_negative(where, "dilution", dilution)
    if (d >= 1).any():
        raise ValueError(f"{where} expects a dilution in [0, 1), got {d.max():g}.")
    return d
