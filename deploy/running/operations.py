"""Synaptic operations of a run beside those of its dense form."""

from typing import NamedTuple

from axonal.deploy.executor.run import Run
from axonal.deploy.graph import EventGraph


class Operations(NamedTuple):
    """Additions of a weight, or products with one, per inference.

    Attributes:
        events: those that events cause.
        dense: those of a machine that reads every weight at every step.
    """

    events: float
    dense: int

    @property
    def share(self) -> float:
        """Share of the dense operations that events cause."""
        return self.events / self.dense if self.dense else 0.0


def operations(graph: EventGraph, result: Run) -> Operations:
    """Synaptic operations per sample of a run, and the dense count of the same steps.

    A count is no energy: an operation of a spike is an addition, one of a graded event a product.

    Args:
        graph: the graph that was run.
        result: of a back end that counts synaptic events, such as the reference.

    Raises:
        ValueError: the back end has not counted them.

    >>> from axonal import deploy
    >>> graph = deploy.example()
    >>> found = operations(graph, deploy.run(graph, graph.golden.inputs))
    >>> 0 < found.events < found.dense
    True
    """
    if result.synaptic_events is None:
        raise ValueError("this run has no count of synaptic events: run it on the reference.")
    synapses = sum(q.size for q in graph.projections)
    return Operations(result.synaptic_events / result.samples, result.steps * synapses)
