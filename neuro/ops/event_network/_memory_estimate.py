"""Memory of a network, estimated before it is allocated."""

import numpy as np
import numpy.typing as npt

CHUNK = 1 << 22
"""Synapses sorted at a time: it bounds the scratch memory of a large network."""

_SCRATCH = 64
"""Bytes for each synapse of a chunk while it is sorted."""


def index_type(size: int) -> npt.DTypeLike:
    """Return the type of an index into a ring of sums: half the size is half the traffic."""
    return np.uint32 if size <= np.iinfo(np.uint32).max else np.uint64


def network_bytes(synapses: int, sources: int, neurons: int, itemsize: int) -> int:
    """Return the bytes of a network, and those that sorting its synapses takes meanwhile.

    Args:
        synapses: number of synapses.
        sources: number of sources, the neurons among them.
        neurons: number of neurons.
        itemsize: bytes of the place and the weight of one synapse.

    >>> network_bytes(synapses=100_000_000, sources=1_000_000, neurons=1_000_000, itemsize=8)
    1164435464
    """
    kept = synapses * itemsize + 8 * (sources + 1) + 6 * 8 * neurons
    return kept + _SCRATCH * min(synapses, CHUNK) + 5 * 8 * sources


def state_bytes(samples: int, depth: int, neurons: int, thirds: int = 0) -> int:
    """Return the bytes of a state: per neuron membrane, trace, wait and a ring of sums.

    Args:
        samples: batch size.
        depth: slots of the ring.
        neurons: number of neurons.
        thirds: number of those with a third variable.


    >>> state_bytes(samples=1, depth=16, neurons=1000)
    148000
    """
    return samples * (neurons * (8 + 8 + 4 + 8 * depth) + 8 * thirds)
