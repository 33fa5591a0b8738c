"""Neurons and the synapses between them, without weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import BoolArray, Float64Array, Int32Array


@dataclass(frozen=True, eq=False)
class Wiring:
    """Synapses of N neurons, sorted by source, then by target.

    Args:
        excitatory: neurons whose synapses excite; those of others inhibit (Dale's law) `[N]`.
        pre: source of each synapse `[S]`.
        post: target of each synapse `[S]`.
        positions: place of each neuron, if it has one `[N, 3]`.

    >>> pair = Wiring(np.array([True, False]), np.array([0, 1]), np.array([1, 0]))
    >>> pair.signs.tolist()
    [1.0, -1.0]
    """

    excitatory: BoolArray
    pre: Int32Array
    post: Int32Array
    positions: Float64Array | None = None

    @property
    def neurons(self) -> int:
        """Number of neurons N."""
        return len(self.excitatory)

    @property
    def signs(self) -> Float64Array:
        """Sign of each synapse, that of its source `[S]`: 1.0 or -1.0."""
        return np.where(self.excitatory[self.pre], 1.0, -1.0)

    def matrix(self, weights: npt.ArrayLike) -> Any:
        """Weights as a sparse matrix `[N, N]`, targets as rows and sources as columns.

        Args:
            weights: weight of each synapse `[S]`, or one for all.

        >>> pair = Wiring(np.array([True, False]), np.array([0, 1]), np.array([1, 0]))
        >>> pair.matrix(pair.signs).toarray().tolist()
        [[0.0, -1.0], [1.0, 0.0]]
        """
        from scipy.sparse import csr_array

        data = np.broadcast_to(np.asarray(weights, np.float64), len(self.pre))
        return csr_array((data, (self.post, self.pre)), shape=(self.neurons, self.neurons))


@dataclass(frozen=True, eq=False)
class InputWiring:
    """Synapses from M inputs to the neurons of a liquid.

    Args:
        inputs: number of inputs M.
        pre: input of each synapse `[S]`.
        post: neuron of each synapse `[S]`.
        signs: 1.0 or -1.0 `[S]`.

    >>> InputWiring(2, np.array([1]), np.array([0]), np.array([1.0])).inputs
    2
    """

    inputs: int
    pre: Int32Array
    post: Int32Array
    signs: Float64Array
