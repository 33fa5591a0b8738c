"""Findings of a verification: each comparison, each first divergence, and the verdict."""

from dataclasses import asdict, dataclass
from typing import Any

from axonal._base.tables import text_table


@dataclass(frozen=True)
class Comparison:
    """One population of one back end against the golden run.

    Args:
        backend: name of the back end.
        population: name of the population.
        what: "spikes" (cells must be equal), "readout" or "payload" of graded spikes (equal to a
            tolerance of its back end, relative to the largest golden value, or to 1 where all are
            zero), or,
            where a back end only loads the graph, "weights" and "delays" of a projection, which is
            named in place of a population (read back, equal to the last bit).
        cells: neurons x steps x samples that were compared, or synapses.
        spikes: golden spikes among them; None for everything but spikes.
        mismatches: cells that differ.
        first: earliest cell that differs, as (sample, step, neuron); None without one.
        deviation: largest absolute difference; None for spikes.

    >>> Comparison("reference", "out", "spikes", 60, 7, 1, (0, 3, 2), None).first
    (0, 3, 2)
    """

    backend: str
    population: str
    what: str
    cells: int
    spikes: int | None
    mismatches: int
    first: tuple[int, int, int] | None
    deviation: float | None


@dataclass(frozen=True)
class Divergence:
    """First departure of a back end from the golden run: the earliest step of any population.

    Args:
        backend: name of the back end.
        population: name of the population; of several at one step, the first that is updated.
        sample: sample of the cell.
        step: step of the network.
        neuron: neuron of the cell.
        expected: membrane after the step before and after this step, in the reference executor.
        found: the same two of the back end; None, as above, where membranes are not shown.
        threshold: threshold of the neuron; None for a readout.
        resolution: what the back end cuts membranes to, where that is coarser than float64.

    >>> print(Divergence("nest", "out", 0, 7, 3, (0.5, 0.0), (0.5, 1.25), 1.5))
    nest: first differs at population 'out', sample 0, step 7, neuron 3: membrane 0.5 -> 0.0 in the
    reference, 0.5 -> 1.25 in nest, threshold 1.5
    """

    backend: str
    population: str
    sample: int
    step: int
    neuron: int
    expected: tuple[float, float] | None
    found: tuple[float, float] | None
    threshold: float | None
    resolution: float | None = None

    def __str__(self) -> str:
        where = f"population {self.population!r}, {in_words((self.sample, self.step, self.neuron))}"
        sides = {"the reference": self.expected, self.backend: self.found}
        shown = [f"{_path(v)} in {side}" for side, v in sides.items() if v is not None]
        membrane = f": membrane {', '.join(shown)}" if shown else ""
        level = "" if self.threshold is None else f", threshold {self.threshold!r}"
        cut = ""
        if self.resolution is not None:
            cut = f"; {self.backend} cuts membranes to multiples of {self.resolution:.2g}"
        return f"{self.backend}: first differs at {where}{membrane}{level}{cut}"


@dataclass(frozen=True)
class Verification:
    """Findings of `verify`; ``print`` it for a table.

    Args:
        comparisons: one for each back end and population.
        failures: why this is no proof, one line each; empty if it is one.
        divergences: for each back end that differs, where it first does.

    >>> print(Verification((), ("the graph has no golden run to compare with",)))
    FAILED: the graph has no golden run to compare with
    """

    comparisons: tuple[Comparison, ...]
    failures: tuple[str, ...]
    divergences: tuple[Divergence, ...] = ()

    @property
    def passed(self) -> bool:
        """True if each back end was run, spikes were compared and no cell differed."""
        return not self.failures

    @property
    def mismatches(self) -> int:
        """Cells that differ, over all back ends."""
        return sum(c.mismatches for c in self.comparisons)

    @property
    def spikes(self) -> int:
        """Golden spikes that were compared, over all back ends."""
        return sum(c.spikes or 0 for c in self.comparisons)

    @property
    def loaded(self) -> dict[str, int]:
        """Back ends that executed nothing, with the synapses that they read back."""
        found: dict[str, int] = {}
        for c in self.comparisons:
            if c.what == "weights":
                found[c.backend] = found.get(c.backend, 0) + c.cells
        return found

    def table(self) -> str:
        """One line for each back end and population, as plain text."""
        head = ["backend", "population", "what", "cells", "spikes", "mismatches", "deviation"]
        rows = [
            [*[getattr(c, name) for name in head], in_words(c.first) if c.first else ""]
            for c in self.comparisons
        ]
        return text_table([*head, "first mismatch"], rows)

    def to_json(self) -> dict[str, Any]:
        """Everything as a dict that JSON can hold."""
        return {
            "passed": self.passed,
            "spikes": self.spikes,
            "mismatches": self.mismatches,
            "loaded": self.loaded,
            "failures": list(self.failures),
            "comparisons": [asdict(c) for c in self.comparisons],
            "divergences": [asdict(d) for d in self.divergences],
        }

    def __str__(self) -> str:
        if self.passed:
            lines = [f"passed: {self.spikes} spikes compared, 0 mismatches"]
            lines += [
                f"{name}: mapped, {synapses} weights and delays read back equal; executes nothing, "
                "no spike compared"
                for name, synapses in self.loaded.items()
            ]
        else:
            lines = ["FAILED: " + self.failures[0], *self.failures[1:]]
            lines += map(str, self.divergences)
        verdict = "\n        ".join(lines)
        return f"{self.table()}\n\n{verdict}" if self.comparisons else verdict


def _path(membrane: tuple[float, float]) -> str:
    return " -> ".join(f"{v!r}" for v in membrane)


def in_words(cell: tuple[int, int, int]) -> str:
    """A cell in words."""
    return "sample {}, step {}, neuron {}".format(*cell)
