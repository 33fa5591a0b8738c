"""Findings of a verification: each comparison, each first divergence, and the verdict."""

from dataclasses import asdict, dataclass
from typing import Any

from axonal._base.tables import text_table
from axonal.deploy.running.comparison import Comparison, in_words
from axonal.deploy.running.divergence import Divergence


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
        synapses: dict[str, int] = {}
        for c in self.comparisons:
            if c.what == "weights":
                synapses[c.backend] = synapses.get(c.backend, 0) + c.cells
        return synapses

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
