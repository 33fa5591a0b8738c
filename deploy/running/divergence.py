"""First departure of a back end from the golden run."""

from dataclasses import dataclass

from axonal.deploy.running.comparison import in_words


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


def _path(membrane: tuple[float, float]) -> str:
    return " -> ".join(f"{v!r}" for v in membrane)
