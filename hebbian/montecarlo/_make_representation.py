"""Representations of patterns, made from their entries, and the energy in their units."""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from axonal._base.array_types import AnyArray, Float32Array, Float64Array, Int8Array, Int64Array
from axonal.hebbian.montecarlo._representation import (
    BitRepresentation,
    CouplingRepresentation,
    Form,
    IntegerRepresentation,
    PowerRepresentation,
    RealPowerRepresentation,
    RealRepresentation,
    SymmetricRepresentation,
)

ROWS = 1024
"""Sites that are converted to floating-point numbers at a time."""


@dataclass(frozen=True)
class Representation:
    """Patterns of one sample in the form in which they are used.

    Attributes:
        begin: makes the state that belongs to spins.
        energy: of a state, in units of the form.
        unit: field of the model over field of the form.
        exact: whether all numbers are integers, so that nothing drifts.
    """

    begin: Callable[[Int8Array], Form]
    energy: Callable[[Form], float]
    unit: float
    exact: bool


def sums(rows: AnyArray, spins: Int8Array) -> Float64Array:
    """Overlaps x_k = sum_i X_ik s_i; exact for integers."""
    total = np.zeros(rows.shape[1])
    for first in range(0, len(rows), ROWS):
        part = slice(first, first + ROWS)
        total += spins[part].astype(np.float32) @ rows[part].astype(np.float32, copy=False)
    return total


def unpacked(rows: NDArray[np.uint64], patterns: int) -> Int8Array:
    """Rows of bits as +-1."""
    octets = rows.astype("<u8", copy=False).view(np.uint8)
    bits = np.unpackbits(octets, axis=1, count=patterns, bitorder="little")
    return (2 * bits.astype(np.int8) - 1).astype(np.int8)


def bits(rows: NDArray[np.uint64], patterns: int, unit: float) -> Representation:
    """Bit-packed patterns with the quadratic energy."""
    size, words = rows.shape
    ones = np.bitwise_count(rows).sum(1, dtype=np.int64)
    digits = tuple(range(size.bit_length()))

    def overlaps(spins: Int8Array) -> Int64Array:
        total = np.zeros(patterns)
        for first in range(0, size, ROWS):
            part = slice(first, first + ROWS)
            total += sums(unpacked(rows[part], patterns), spins[part])
        return total.astype(np.int64)

    def begin(spins: Int8Array) -> Form:
        agree = np.zeros(64 * words, np.uint64)
        agree[:patterns] = (size + overlaps(spins)) // 2
        planes = [
            np.packbits((agree >> np.uint64(digit)).astype(np.uint8) & 1, bitorder="little")
            for digit in reversed(digits)
        ]
        whole = np.stack(planes).view("<u8").astype(np.uint64)
        total = np.array([int(agree.sum())], np.int64)
        return BitRepresentation(
            rows, ones, whole, np.empty(words, np.uint64), total, spins, patterns, digits
        )

    def energy(state: Form) -> float:
        assert isinstance(state, BitRepresentation)
        agree = np.zeros(patterns, np.int64)
        for plane in state.planes:
            octets = plane.astype("<u8", copy=False).view(np.uint8)
            agree = 2 * agree + np.unpackbits(octets, count=patterns, bitorder="little")
        x = 2 * agree - size
        return float(size * patterns - x @ x) / 2

    return Representation(begin, energy, unit, exact=True)


def quadratic(rows: AnyArray, unit: float) -> Representation:
    """Patterns of -1, 0 and 1, or real ones, with the quadratic energy."""
    integers = rows.dtype == np.int8
    norms = np.count_nonzero(rows, axis=1) if integers else np.square(rows).sum(1)
    # Sums of a field are formed in 32 bits where no state can make them larger.
    narrow = len(rows) < 2**15 and rows.size < 2**31
    kind = (np.int16 if narrow else np.int32) if integers else np.float32

    def begin(spins: Int8Array) -> Form:
        form = IntegerRepresentation if integers else RealRepresentation
        return form(rows, norms, sums(rows, spins).astype(kind), spins)

    def energy(state: Form) -> float:
        assert isinstance(state, IntegerRepresentation | RealRepresentation)
        x = state.overlaps.astype(np.float64)
        return float(norms.sum(dtype=np.float64) - x @ x) / 2

    return Representation(begin, energy, unit, exact=integers)


def couplings(rows: Int8Array, unit: float) -> Representation:
    """The matrix J = X X^T without its diagonal."""
    kind = np.int16 if rows.shape[1] < 2**15 else np.int32
    matrix = np.empty((len(rows), len(rows)), kind)
    # Sums of fewer than 2^24 terms of +-1 are exact in float32.
    whole = rows.astype(np.float32)
    for first in range(0, len(rows), ROWS):
        part = slice(first, first + ROWS)
        matrix[part] = whole[part] @ whole.T
    np.fill_diagonal(matrix, 0)

    def begin(spins: Int8Array) -> Form:
        # A field is below N K, so that float64 holds every partial sum.
        fields = np.concatenate(
            [
                matrix[first : first + ROWS].astype(np.float64) @ spins
                for first in range(0, len(spins), ROWS)
            ]
        )
        return CouplingRepresentation(matrix, fields.astype(np.int64), spins)

    def energy(state: Form) -> float:
        assert isinstance(state, CouplingRepresentation)
        return -float(state.fields @ state.spins) / 2

    return Representation(begin, energy, unit, exact=True)


Polynomial = list[int]
"""Integer coefficients, the constant first."""


def symmetric_polynomial(order: int, entries: int) -> Polynomial:
    """Symmetric polynomial k! e_k of n signs as a polynomial of their sum.

    E_0 = 1, E_1 = y, E_(k+1) = y E_k - k (n - k + 1) E_(k-1), the recurrence of the Krawtchouk
    polynomials without its divisions.

    >>> symmetric_polynomial(3, 8)
    [0, -22, 0, 1]
    """
    older, newer = [0], [1]
    for k in range(order):
        shifted = [0, *newer]
        lower = [*older, *[0] * (len(shifted) - len(older))]
        older, newer = (
            newer,
            [a - k * (entries - k + 1) * b for a, b in zip(shifted, lower, strict=True)],
        )
    return newer


def power_difference(order: int) -> Polynomial:
    """((y + 1)^P - (y - 1)^P) / 2 as a polynomial of y.

    >>> power_difference(4)
    [0, 4, 0, 4]
    """
    return [comb(order, k) if (order - k) % 2 else 0 for k in range(order)]


def moved(polynomial: Polynomial, step: int) -> Polynomial:
    """f(x + step) as a polynomial of x.

    >>> moved([0, 0, 1], -1)
    [1, -2, 1]
    """
    out = [0] * len(polynomial)
    for power, coefficient in enumerate(polynomial):
        for k in range(power + 1):
            out[k] += coefficient * comb(power, k) * step ** (power - k)
    return out


def _compiled(polynomial: Polynomial) -> tuple[float, ...]:
    """Every second coefficient, the highest first: the others are zero."""
    top = max(k for k, c in enumerate(polynomial) if c)
    return tuple(float(c) for c in polynomial[top::-2])


def value(polynomial: Polynomial, x: Float64Array) -> Float64Array:
    """The polynomial at x."""
    return np.asarray(np.polynomial.polynomial.polyval(x, np.array(polynomial, float)))


def powers(rows: Int8Array, order: int, distinct: bool, unit: float) -> Representation:
    """Patterns of +-1 with an interaction of P spins."""
    size = len(rows)
    f = symmetric_polynomial(order - 1, size - 1) if distinct else power_difference(order)
    below, above = moved(f, -1), moved(f, 1)
    gain = [a + b for a, b in zip(below, above, strict=True)]
    shift = [a - b for a, b in zip(below, above, strict=True)]
    whole = symmetric_polynomial(order, size) if distinct else [*[0] * order, order]

    def begin(spins: Int8Array) -> Form:
        x = sums(rows, spins)
        gains = value(gain, x)
        own = np.array([value(shift, x).sum(), gains.sum()])
        odd = order % 2 == 0
        return PowerRepresentation(
            rows, x, gains, own, spins, _compiled(gain), _compiled(shift), odd
        )

    def energy(state: Form) -> float:
        assert isinstance(state, PowerRepresentation)
        return -float(value(whole, state.overlaps).sum()) / order

    return Representation(begin, energy, unit, exact=True)


def real_powers(rows: Float32Array, order: int, unit: float) -> Representation:
    """Real patterns with the power P of their overlap."""
    coefficients = tuple(float(comb(order, j)) for j in range(order, 0, -1) if j % 2)

    def begin(spins: Int8Array) -> Form:
        return RealPowerRepresentation(rows, sums(rows, spins), spins, coefficients, order % 2 == 0)

    def energy(state: Form) -> float:
        assert isinstance(state, RealPowerRepresentation)
        return -float((state.overlaps**order).sum())

    return Representation(begin, energy, unit, exact=False)


def symmetric(rows: Float32Array, order: int, unit: float) -> Representation:
    """Real patterns with all products of P different entries."""

    def begin(spins: Int8Array) -> Form:
        found = np.zeros((order + 1, rows.shape[1]))
        found[0] = 1
        for row, spin in zip(rows, spins, strict=True):
            a = row.astype(np.float64) * spin
            for k in range(order, 0, -1):
                found[k] += k * a * found[k - 1]
        return SymmetricRepresentation(
            rows, found[1:], spins, tuple(float(k) for k in range(1, order + 1))
        )

    def energy(state: Form) -> float:
        assert isinstance(state, SymmetricRepresentation)
        return -float(state.sums[-1].sum()) / order

    return Representation(begin, energy, unit, exact=False)
