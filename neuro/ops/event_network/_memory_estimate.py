"""How much memory a network takes, told before it is allocated."""

import os

import numpy as np
import numpy.typing as npt

CHUNK = 1 << 22
"""Synapses sorted at a time: it bounds the scratch memory of a large network."""

_SCRATCH = 64
"""Bytes for each synapse of a chunk while it is sorted."""


def index_type(size: int) -> npt.DTypeLike:
    """Type of an index into a ring of this many sums: half the size is half the traffic."""
    return np.uint32 if size <= np.iinfo(np.uint32).max else np.uint64


def network_bytes(synapses: int, sources: int, neurons: int, itemsize: int) -> int:
    """Bytes of a network, and of what sorting its synapses takes meanwhile.

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


def state_bytes(samples: int, depth: int, neurons: int) -> int:
    """Bytes of a state: for every neuron its membrane and trace, its wait, and a ring of sums.

    >>> state_bytes(samples=1, depth=16, neurons=1000)
    148000
    """
    return samples * neurons * (8 + 8 + 4 + 8 * depth)


def available() -> int | None:
    """Bytes that can be allocated without swapping; None where the system does not say."""
    try:
        with open("/proc/meminfo") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def require(size: int, what: str, hint: str) -> None:
    """Refuse what does not fit: a system that promises more than it has ends the process instead.

    Args:
        size: bytes needed.
        what: what needs them.
        hint: what to do about it.

    Raises:
        MemoryError: less is available.

    >>> require(1 << 60, "the input under way", "run fewer samples at once")
    Traceback (most recent call last):
    MemoryError: the input under way needs 1073741824.0 GiB, ... free: run fewer samples at once
    """
    free = available()
    if free is not None and size > free:
        raise MemoryError(
            f"{what} needs {size / 2**30:.1f} GiB, but {free / 2**30:.1f} GiB are free: {hint}"
        )
