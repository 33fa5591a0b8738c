"""Affine signals on the edges between populations, as sparse matrices by delay.

Everything a network does between two populations (connections, delays, folded norms, pooling,
skips, concatenation) is affine in the spikes of earlier populations:

    signal_t = sum over (source, delay) of M[source, delay] @ spikes_source(t - delay)

The constant part is the source :data:`ONE`, which sends 1 at every step from 0 on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from axonal._base.array_types import Int64Array

ONE = ".always on"  # no path of a module begins with a dot
Terms = dict[tuple[str, int], sparse.csr_array]


@dataclass(frozen=True, eq=False)
class Signal:
    """A sequence of ``shape`` per sample, affine in the events of its sources."""

    shape: tuple[int, ...]
    terms: Terms

    @property
    def size(self) -> int:
        """Number of values per sample and step."""
        return math.prod(self.shape)

    def map(self, matrix: sparse.csr_array, shape: tuple[int, ...]) -> "Signal":
        """Apply ``matrix`` [M, size] at every step."""
        return Signal(shape, {key: _clean(matrix @ m) for key, m in self.terms.items()})

    def later(self, steps: int) -> "Signal":
        """Delay the signal; it is zero before its first value arrives."""
        return Signal(self.shape, {(source, d + steps): m for (source, d), m in self.terms.items()})

    def scale(self, factor: npt.ArrayLike) -> "Signal":
        """Multiply by a number, or by an array that broadcasts to the shape."""
        values = np.broadcast_to(np.asarray(factor, dtype=np.float64), self.shape).ravel()
        return self.map(sparse.diags_array(values).tocsr(), self.shape)

    def __add__(self, other: "Signal") -> "Signal":
        terms = dict(self.terms)
        for key, matrix in other.terms.items():
            terms[key] = _clean(terms[key] + matrix) if key in terms else matrix
        return Signal(self.shape, terms)


def identity(source: str, shape: tuple[int, ...]) -> Signal:
    """Return the events of a population as they are."""
    return Signal(shape, {(source, 0): sparse.eye_array(math.prod(shape), format="csr")})


def constant(values: npt.ArrayLike, shape: tuple[int, ...]) -> Signal:
    """Return the same values, broadcast to the shape, at every step."""
    column = np.broadcast_to(np.asarray(values, dtype=np.float64), shape).reshape(-1, 1)
    return Signal(shape, {(ONE, 0): sparse.csr_array(column)} if column.any() else {})


def select(signals: Sequence[Signal], index: Int64Array, shape: tuple[int, ...]) -> Signal:
    """Pick values of the joined ``signals`` by flat index: reshape, permute, concatenate."""
    offsets = np.cumsum([0, *(s.size for s in signals)])
    total = Signal(shape, {})
    for signal, start in zip(signals, offsets, strict=False):
        rows = np.flatnonzero((index >= start) & (index < start + signal.size))
        entries = (np.ones(len(rows)), (rows, index[rows] - start))
        picker = sparse.csr_array(entries, shape=(len(index), signal.size))
        total = total + signal.map(picker, shape)
    return total


def substitute(signal: Signal, source: str, value: Signal) -> Signal:
    """Replace the events of ``source`` by the signal that they turned out to be."""
    total = Signal(signal.shape, {})
    for (name, delay), matrix in signal.terms.items():
        if name == source:
            total = total + value.map(matrix, signal.shape).later(delay)
        else:
            total = total + Signal(signal.shape, {(name, delay): matrix})
    return total


def _clean(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix = sparse.csr_array(matrix)
    matrix.eliminate_zeros()
    return matrix
