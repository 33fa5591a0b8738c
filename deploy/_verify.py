"""The proof: every back end against the golden run of the original network, cell by cell."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal.deploy._run import Run
from axonal.deploy._table import table
from axonal.deploy.backends import Backend, find
from axonal.deploy.graph import EventGraph, Golden

TOLERANCE = 1e-9
"""Largest deviation of a readout that counts as equal, relative to its largest golden value."""


@dataclass(frozen=True)
class Comparison:
    """One population of one back end against the golden run.

    Args:
        backend: name of the back end.
        population: name of the population.
        what: "spikes" (cells must be equal) or "readout" (equal to 1e-9 of the largest golden
            value, or to 1e-9 where all golden values are zero).
        cells: neurons x steps x samples that were compared.
        spikes: golden spikes among them; None for a readout.
        mismatches: cells that differ.
        first: earliest cell that differs, as (sample, step, neuron); None without one.
        deviation: largest absolute difference of a readout; None for spikes.

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
class Verification:
    """What `verify` found; ``print`` it for a table.

    Args:
        comparisons: one for each back end and population.
        failures: why this is no proof, one line each; empty if it is one.

    >>> print(Verification((), ("the graph has no golden run to compare with",)))
    FAILED: the graph has no golden run to compare with
    """

    comparisons: tuple[Comparison, ...]
    failures: tuple[str, ...]

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

    def table(self) -> str:
        """One line for each back end and population, as plain text."""
        head = ["backend", "population", "what", "cells", "spikes", "mismatches", "deviation"]
        rows = [
            [*[getattr(c, name) for name in head], _where(c.first) if c.first else ""]
            for c in self.comparisons
        ]
        return table([*head, "first mismatch"], rows)

    def to_json(self) -> dict[str, Any]:
        """Everything as a dict that JSON can hold."""
        return {
            "passed": self.passed,
            "spikes": self.spikes,
            "mismatches": self.mismatches,
            "failures": list(self.failures),
            "comparisons": [asdict(c) for c in self.comparisons],
        }

    def __str__(self) -> str:
        verdict = (
            f"passed: {self.spikes} spikes compared, 0 mismatches"
            if self.passed
            else "FAILED: " + "\n        ".join(self.failures)
        )
        return f"{self.table()}\n\n{verdict}" if self.comparisons else verdict


def verify(graph: EventGraph, backends: Sequence[str] = ("reference",)) -> Verification:
    """Run the golden inputs on back ends and compare what comes out with the golden run.

    Spikes of every lif population are compared cell by cell; readouts to a tolerance of 1e-9
    relative to their largest golden value. Nothing counts as passed that was not compared: a
    graph without golden run or without golden spikes fails, as does a missing back end.

    Args:
        graph: a graph with a golden run.
        backends: names of back ends.

    Returns:
        the findings; ``.passed`` says whether they are a proof.

    Raises:
        ValueError: a back end is unknown, or none was named.

    >>> from axonal.deploy import Golden, Population, Projection
    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    >>> wire = Projection("in", "out", pre=[0], post=[0], weight=[1.0], delay=[0])
    >>> golden = Golden({"in": np.ones((3, 1, 1))}, {"out": np.ones((3, 1, 1), bool)}, {})
    >>> parts = (Population("in", "input", (1,)), cell), (wire,), ("out",)
    >>> print(verify(EventGraph(*parts, dt=0.001, golden=golden)))
    backend    population  what    cells  spikes  mismatches  deviation  first mismatch
    reference  out         spikes      3       3           0          -
    <BLANKLINE>
    passed: 3 spikes compared, 0 mismatches
    """
    if isinstance(backends, str):
        backends = (backends,)
    if not backends:
        raise ValueError("name at least one back end, such as ('reference',)")
    chosen = {name: find(name) for name in backends}
    golden = graph.golden
    if golden is None:
        return Verification((), ("the graph has no golden run to compare with",))
    comparisons: list[Comparison] = []
    failures: list[str] = []
    for name, backend in chosen.items():
        obstacle = _obstacle(graph, backend)
        if obstacle is not None:
            failures.append(f"{name}: {obstacle}")
            continue
        found = _compare(graph.order, golden, name, backend.run(graph, golden.inputs, None))
        comparisons += found
        failures += [_difference(c) for c in found if c.mismatches]
        if not any(c.spikes for c in found):
            failures.append(f"{name}: no spike was compared: the golden run has none")
    return Verification(tuple(comparisons), tuple(failures))


def _obstacle(graph: EventGraph, backend: Backend) -> str | None:
    missing = backend.missing()
    if missing is not None:
        return f"not installed: {missing}"
    refused = backend.refused(graph)
    return f"cannot run this graph: {'; '.join(refused)}" if refused else None


def _compare(order: Sequence[str], golden: Golden, backend: str, run: Run) -> list[Comparison]:
    found = []
    for name in order:
        if name in golden.spikes:
            raster = golden.spikes[name]
            wrong = run.raster(name) != raster
            spikes = int(np.count_nonzero(raster))
            found.append(_comparison(backend, name, "spikes", wrong, spikes, None))
        if name in golden.readout:
            expected = golden.readout[name]
            difference = np.abs(run.readout[name] - expected)
            scale = float(np.abs(expected).max()) or 1.0
            # Written so that a value that is not a number is a mismatch.
            wrong = ~(difference <= TOLERANCE * scale)
            deviation = float(difference.max())
            found.append(_comparison(backend, name, "readout", wrong, None, deviation))
    return found


def _comparison(
    backend: str,
    name: str,
    what: str,
    wrong: npt.NDArray[np.bool_],
    spikes: int | None,
    deviation: float | None,
) -> Comparison:
    mismatches = int(np.count_nonzero(wrong))
    first = None
    if mismatches:
        step, sample, neuron = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        first = (int(sample), int(step), int(neuron))
    return Comparison(backend, name, what, wrong.size, spikes, mismatches, first, deviation)


def _difference(c: Comparison) -> str:
    return (
        f"{c.backend}: {c.what} of {c.population!r} differ in {c.mismatches} of {c.cells} cells, "
        f"first at {_where(c.first or (0, 0, 0))}"
    )


def _where(cell: tuple[int, int, int]) -> str:
    return "sample {}, step {}, neuron {}".format(*cell)
