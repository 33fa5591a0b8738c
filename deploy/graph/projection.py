"""Projections: the synapses from one population to another."""

from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import Float64Array, IntegerArray
from axonal.deploy.graph.arrays import floats, freeze
from axonal.deploy.graph.errors import GraphError


@dataclass(frozen=True, eq=False)
class Projection:
    """S synapses from one population to another.

    An event of value x that leaves neuron ``pre`` at step t adds ``weight · x`` to the input of
    neuron ``post`` at step t + delay; delay 0 arrives within the same step.

    Args:
        source: name of the population that sends.
        target: name of the population that receives.
        pre: sending neuron of each synapse `[S]`, any integer dtype.
        post: receiving neuron of each synapse `[S]`.
        weight: weight `[S]`.
        delay: steps `[S]`, at least 0.
        exponent: in a quantised graph, a weight is a whole number times 2^exponent.

    Raises:
        GraphError: a field cannot be read as what it should be.

    >>> Projection("in", "out", pre=[0, 1], post=[0, 0], weight=[0.5, 1.0], delay=[0, 3]).size
    2
    """

    source: str
    target: str
    pre: IntegerArray
    post: IntegerArray
    weight: Float64Array
    delay: IntegerArray
    exponent: int = 0

    def __post_init__(self) -> None:
        for name in ("pre", "post", "delay"):
            values = np.asarray(getattr(self, name))
            if values.dtype.kind not in "iu":
                if values.size:
                    raise GraphError(
                        f"projection {self.source} -> {self.target}: {name} takes whole numbers, "
                        f"got {values.dtype}; convert with .astype(int) after rounding"
                    )
                values = values.astype(np.int64)
            freeze(self, name, values)
        label = f"projection {self.source} -> {self.target}: weight"
        freeze(self, "weight", floats(self.weight, label))

    @property
    def size(self) -> int:
        """Number of synapses S."""
        return int(self.weight.size)
