"""An estimate of energy: what was counted, what each part is held to cost, and SANA-FE's figure."""

from dataclasses import asdict, dataclass
from typing import Any

from axonal._base.tables import text_table
from axonal.deploy.chips import Cost
from axonal.deploy.energy_model.sanafe import SanafeFigure


@dataclass(frozen=True)
class Part:
    """One count with its cost.

    Args:
        cost: energy of one.
        count: how many.

    >>> Part(Cost("hops", 3e-12, 3.6e-12, 4.2e-12, "a paper"), 1000).typical
    3.6e-09
    """

    cost: Cost
    count: float

    @property
    def low(self) -> float:
        """Joules, if one costs the least that was published."""
        return self.cost.low * self.count

    @property
    def typical(self) -> float:
        """Joules, at the typical value."""
        return self.cost.typical * self.count

    @property
    def high(self) -> float:
        """Joules, if one costs the most that was published."""
        return self.cost.high * self.count


@dataclass(frozen=True)
class EnergyEstimate:
    """An estimate of the energy of the golden run on a chip; ``print`` it for a table.

    Args:
        chip: name of the chip.
        samples: samples of the golden run.
        steps: steps of a sample on the chip, latencies included.
        dt: seconds per step.
        counts: of the whole golden run: synaptic events, neuron updates, spikes, messages, hops,
            and seconds of cores and chips in real time.
        bytes_moved: synapses that are read, states that are read and written, and messages.
        parts: counts with their costs.
        note: what the estimate leaves out.
        sanafe: SANA-FE's figure for the same inputs.
        without_sanafe: why there is none; empty if there is.

    >>> parts = (Part(Cost("hops", 3e-12, 3.6e-12, 4.2e-12, "a paper"), 1000),)
    >>> found = EnergyEstimate("toy", 2, 10, 1e-3, {"hops": 1000}, {}, parts, "", None, "no model")
    >>> found.low, found.typical
    (3e-09, 3.6e-09)
    """

    chip: str
    samples: int
    steps: int
    dt: float
    counts: dict[str, float]
    bytes_moved: dict[str, int]
    parts: tuple[Part, ...]
    note: str
    sanafe: SanafeFigure | None
    without_sanafe: str

    @property
    def low(self) -> float:
        """Joules of the golden run, at the least published constants."""
        return sum(part.low for part in self.parts)

    @property
    def typical(self) -> float:
        """Joules of the golden run, at typical constants."""
        return sum(part.typical for part in self.parts)

    @property
    def high(self) -> float:
        """Joules of the golden run, at the largest published constants."""
        return sum(part.high for part in self.parts)

    @property
    def unit(self) -> tuple[str, float]:
        """Unit in which the energy of a sample is shown, and that unit in joules."""
        units = (("J", 1.0), ("mJ", 1e-3), ("uJ", 1e-6))
        typical = self.typical / self.samples
        return next((own for own in units if typical >= own[1]), units[-1])

    def table(self) -> str:
        """Counts and estimated energies of a sample, as plain text."""
        per, (unit, one) = self.samples, self.unit
        costs = {part.cost.what: part for part in self.parts}
        rows: list[list[object]] = []
        for name, count in self.counts.items():
            part = costs.get(name)
            joules = (part.low, part.typical, part.high) if part else (None, None, None)
            rows.append([name, _number(count / per), *(j and j / per / one for j in joules)])
        for name, number in self.bytes_moved.items():
            rows.append([f"bytes of {name}", _number(number / per), None, None, None])
        total = (self.low, self.typical, self.high)
        rows.append(["estimated energy", None, *(j / per / one for j in total)])
        return text_table(
            ["a sample", "count", *(f"{bound} ({unit})" for bound in ("low", "typical", "high"))],
            rows,
        )

    def sources(self) -> str:
        """Sources of the constants, as plain text."""
        return "\n".join(f"{part.cost.what}: {part.cost.source}" for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """Everything as a dict that JSON can hold; energies are in joules, of all samples."""
        return {
            "chip": self.chip,
            "estimate": True,
            "samples": self.samples,
            "steps": self.steps,
            "dt": self.dt,
            "counts": self.counts,
            "bytes_moved": self.bytes_moved,
            "parts": [
                {**asdict(p.cost), "count": p.count, "estimated_joules": [p.low, p.typical, p.high]}
                for p in self.parts
            ],
            "estimated_joules": {"low": self.low, "typical": self.typical, "high": self.high},
            "note": self.note,
            "sanafe": None if self.sanafe is None else asdict(self.sanafe),
            "without_sanafe": self.without_sanafe,
        }

    def __str__(self) -> str:
        head = (
            f"An estimate for {self.chip}, from published constants: {self.samples} samples of "
            f"{self.steps} steps of {self.dt * 1e3:g} ms"
        )
        beside = (
            f"SANA-FE's estimate, Loihi 1: none: {self.without_sanafe}"
            if self.sanafe is None
            else self.sanafe.line(self.samples)
        )
        return "\n\n".join([head, self.table(), beside, self.note, self.sources()])


def _number(value: float) -> float | int:
    return round(value) if value >= 100 or value == int(value) else round(value, 4)
