"""Comparison of one population of a back end with the golden run."""

from dataclasses import dataclass


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


def in_words(cell: tuple[int, int, int]) -> str:
    """A cell in words."""
    return "sample {}, step {}, neuron {}".format(*cell)
