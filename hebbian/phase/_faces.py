"""What a phase diagram asks of a model: its theory on a grid, its lines, and single cells."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from axonal.hebbian.models import DenseHopfield, Hopfield, MultitaskingHopfield
from axonal.hebbian.phase._settings import MonteCarlo

Array = NDArray[Any]
Named = dict[str, tuple[Array, str]]
"""Arrays and what they are, by name."""

LINE_POINTS = 100
"""Points of a line, on the grid's range and again on the part of it in which it lies."""

BISECTIONS = 10
"""Of an edge of the grid, to a thousandth of it."""

PHASES = "0 paramagnet, 1 spin glass, 2 retrieval metastable, 3 retrieval"
REGIMES = "0 paramagnet, 1 pure, 2 hierarchical, 3 parallel, 4 partial"


class Face(Protocol):
    """What a phase diagram asks of a model."""

    @property
    def load_name(self) -> str:
        """Name of the axis beside T."""

    @property
    def quantities(self) -> tuple[str, ...]:
        """What a simulated cell consists of; the last is a number in every cell."""

    def states(self, load: Array, T: Array) -> Named:
        """Theory [L, T] of every point of the grid, or [L, T, K]."""

    def line_loads(self, load: Array) -> Array:
        """Loads at which lines are evaluated [P]."""

    def lines(self, load: Array) -> Named:
        """Temperatures [P] of the lines between phases."""

    def line_temperatures(self) -> Array:
        """Temperatures at which lines that turn back are evaluated [Q]; may be none."""

    def loads(self, T: Array) -> Named:
        """Loads [Q] of the lines that turn back."""

    def borders(self, load: Array, T: Array, phase: Array) -> Named:
        """Where regimes that no line separates change between neighbours of the grid; may be none.

        ``border_T`` [L, T - 1] between temperatures, ``border_load`` [L - 1, T] between loads.
        """

    def admit(self, mc: MonteCarlo) -> None:
        """Refuse what no cell can be simulated with, before anything is computed."""

    def cell(self, mc: MonteCarlo, load: float, T: float, seed: int) -> list[float]:
        """Simulate one point: a number for each of the quantities."""


@dataclass(frozen=True)
class RetrievalFace:
    """Of a memory that retrieves one pattern at a time."""

    model: Hopfield | DenseHopfield
    quantities: tuple[str, ...] = (
        "overlap",
        "overlap_error",
        "survival",
        "survival_error",
        "energy",
        "energy_error",
        "autocorrelation_time",
        "acceptance",
    )

    @property
    def load_name(self) -> str:
        """The load, alpha or gamma."""
        return self.model.load_name

    def states(self, load: Array, T: Array) -> Named:
        """The retrieval state, nan where there is none, and the phase."""
        found = self.model.theory(load[:, None], T)
        return {
            "m": (found.m, "overlap with the retrieved pattern"),
            "q": (found.q, "overlap of two replicas"),
            "r": (found.r, "crosstalk variance a unit of load"),
            "f": (found.f, "free energy a spin"),
            "replicon": (found.replicon, "below 1 where replica symmetry is stable"),
            "phase": (self.model.phases(load[:, None], T), PHASES),
        }

    def line_loads(self, load: Array) -> Array:
        """Dense at both ends of the range and of retrieval, where lines are vertical."""
        low, high = load.min(), load.max()
        top = self.loads(self.line_temperatures())["load_M"][0].max() * (1 - 1e-9)
        steps = (1 - np.cos(np.linspace(0, np.pi, LINE_POINTS))) / 2
        ends = [high, top] if low < top < high else [high]
        return np.unique(np.concatenate([low + (end - low) * steps for end in ends]))

    def lines(self, load: Array) -> Named:
        """T_M, T_c, T_AT, and T_g where replica symmetry has a continuous one."""
        found = {
            "T_M": (self.model.T_M(load), "retrieval exists below"),
            "T_c": (self.model.T_c(load), "retrieval is the global minimum below"),
            "T_AT": (self.model.T_AT(load), "replica symmetry of retrieval is unstable below"),
        }
        if isinstance(self.model, Hopfield):
            found["T_g"] = (self.model.T_g(load), "the paramagnet freezes below")
        return found

    def line_temperatures(self) -> Array:
        """From zero to where a single pattern is lost."""
        return np.linspace(0.0, float(self.model.T_M(0.0)), LINE_POINTS)

    def loads(self, T: Array) -> Named:
        """The same lines as T_M and T_c, whole: at low temperature they turn back."""
        model = self.model
        if isinstance(model, Hopfield):
            spinodal, coexistence = model.alpha_M(T), model.alpha_c(T)
        else:
            spinodal, coexistence = model.gamma_M(T), model.gamma_c(T)
        return {
            "load_M": (spinodal, "retrieval exists below"),
            "load_c": (
                np.where(coexistence > 0, coexistence, np.nan),
                "retrieval is the global minimum below",
            ),
        }

    def borders(self, load: Array, T: Array, phase: Array) -> Named:
        """None: phases have lines."""
        return {}

    def admit(self, mc: MonteCarlo) -> None:
        """Refuse sizes whose overlaps are no exact integers any more."""
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian.montecarlo._dense import check_exact

        if self.model.P > 2:
            check_exact(mc.N, self.model.P)

    def cell(self, mc: MonteCarlo, load: float, T: float, seed: int) -> list[float]:
        """Means over the runs that kept their memory, and the fraction that did."""
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian.montecarlo._hopfield import zero_load

        # At no load there is still the pattern that is retrieved.
        load = max(load, float(np.finfo(np.float64).tiny))
        settings = mc.settings()
        if zero_load(T, self.model.P, self.model.rho) < 4 / np.sqrt(mc.N):
            # What is not retrieved at any load cannot be kept: above are fluctuations.
            settings.setdefault("survive", 1.0)
        found = self.model.simulate(load, T, seed=seed, **settings)
        times = float(found.autocorrelation_times.mean())
        values = (*(getattr(found, name) for name in self.quantities[:6]), times, found.acceptance)
        return list(map(float, values))


@dataclass(frozen=True)
class MultitaskingFace:
    """Of the network that retrieves several diluted patterns at once."""

    model: MultitaskingHopfield
    load_name: str = "dilution"

    @property
    def quantities(self) -> tuple[str, ...]:
        """Overlaps with all patterns, the largest first, and their errors."""
        names = [f"overlap_{k + 1}" for k in range(self.model.K)]
        errors = [f"{name}_error" for name in names]
        return (*names, *errors, "energy", "energy_error", "acceptance")

    def states(self, load: Array, T: Array) -> Named:
        """The ground state and its regime."""
        found = self.model.theory(T, dilution=load[:, None])
        return {
            "m": (found.m, "overlaps with the patterns, the largest first"),
            "f": (found.f, "free energy a spin"),
            "phase": (self.model.regime(T, dilution=load[:, None]), REGIMES),
        }

    def line_loads(self, load: Array) -> Array:
        """The range of the grid."""
        return np.linspace(load.min(), load.max(), LINE_POINTS)

    def lines(self, load: Array) -> Named:
        """Above which temperature one pattern alone is stable, and nothing is retrieved."""
        found = {"T_crit": (np.ones(load.shape), "nothing is retrieved above")}
        if self.model.rho == 0:
            found["T_pure"] = (self.model.T_pure(load), "one pattern alone is stable above")
        return found

    def line_temperatures(self) -> Array:
        """None: all lines are functions of the dilution."""
        return np.empty(0)

    def loads(self, T: Array) -> Named:
        """None."""
        return {}

    def borders(self, load: Array, T: Array, phase: Array) -> Named:
        """By bisection, on every edge of the grid whose ends have different regimes."""
        d, temperatures = np.meshgrid(load, T, indexing="ij")
        found = {}
        for name, axis in (("border_load", 0), ("border_T", 1)):
            first = tuple(slice(None, -1 if k == axis else None) for k in range(2))
            second = tuple(slice(1 if k == axis else None, None) for k in range(2))
            changes = phase[first] != phase[second]
            at = np.full(changes.shape, np.nan)
            before = phase[first][changes]
            ends = [
                np.stack([x[part][changes] for x in (d, temperatures)]) for part in (first, second)
            ]
            for _ in range(BISECTIONS if changes.any() else 0):
                middle = (ends[0] + ends[1]) / 2
                same = self.model.regime(middle[1], dilution=middle[0]) == before
                ends = [np.where(same, middle, ends[0]), np.where(same, ends[1], middle)]
            at[changes] = (ends[0] + ends[1])[axis] / 2
            found[name] = (at, "where the regime changes between neighbours")
        return found

    def admit(self, mc: MonteCarlo) -> None:
        """Every size can be simulated."""

    def cell(self, mc: MonteCarlo, load: float, T: float, seed: int) -> list[float]:
        """Means over samples of the sorted overlaps."""
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian.montecarlo.statistics import survivors

        model = replace(self.model, dilution=load)
        found = model.simulate(T, seed=seed, **mc.settings())
        # Which pattern is second depends on the sample.
        m = -np.sort(-np.abs(found.archetype_overlaps), axis=-1)
        each = [survivors(m[..., k], found.survived) for k in range(m.shape[-1])]
        values = (*(e.mean for e in each), *(e.error for e in each))
        return [*map(float, values), found.energy, found.energy_error, found.acceptance]


def face_of(model: object) -> Face:
    """What a phase diagram asks of a model, if it has one."""
    if isinstance(model, Hopfield | DenseHopfield):
        return RetrievalFace(model)
    if isinstance(model, MultitaskingHopfield):
        return MultitaskingFace(model)
    raise TypeError(
        "phase_diagram expects a Hopfield, DenseHopfield or MultitaskingHopfield, got"
        f" {type(model).__name__}."
    )
