"""Forms of patterns and state: what a kernel reads and changes, and how each is set up.

Units: the field of a form times ``unit`` of its walk is the field of the model, and likewise for
energies. All forms of the same patterns give the same integers.
"""

from typing import NamedTuple

import numpy as np

from axonal._base.array_types import AnyArray, Int8Array

WORD = 64
GROUP = 8
"""Words that one vector instruction takes; rows of bits are filled up to a multiple of it."""


class Walk(NamedTuple):
    """Random numbers and rule of a walk.

    Attributes:
        key0, key1: halves of the seed.
        sample, replica: of the stream.
        scale: float32, the temperature in units of the form (half of it for the heat bath); 0 for
            T = 0.
        metropolis: whether to accept with min(1, exp(-dE / T)); else by the heat bath.
        random_order: whether sites are drawn; else they come in order.
        parallel: whether all spins see the same state.
    """

    key0: np.uint64
    key1: np.uint64
    sample: np.uint64
    replica: np.uint64
    scale: np.float32
    metropolis: bool
    random_order: bool
    parallel: bool


class BitRepresentation(NamedTuple):
    """Patterns of +-1 as bits; agreements y = (N + x) / 2 of every pattern in binary digits.

    Attributes:
        rows: [N, W] uint64, bit k of a row tells whether pattern k is +1 there.
        ones: [N] int64, bits set in every row.
        planes: [D, W] uint64, the digits of y, the highest first.
        moving: [W] uint64, scratch.
        total: [1] int64, sum of y.
        spins: [N] int8.
        patterns: how many.
        digits: a tuple of length D, which the compiler thereby knows.
    """

    rows: AnyArray
    ones: AnyArray
    planes: AnyArray
    moving: AnyArray
    total: AnyArray
    spins: Int8Array
    patterns: int
    digits: tuple[int, ...]


class IntegerRepresentation(NamedTuple):
    """Patterns of -1, 0 and 1, and their overlaps x = sum of X s.

    Attributes:
        rows: [N, K] int8.
        norms: [N] int64, sum of X^2 in every row.
        overlaps: [K] int16 where the sum of a field fits in 32 bits, else int32.
        spins: [N] int8.
    """

    rows: AnyArray
    norms: AnyArray
    overlaps: AnyArray
    spins: Int8Array


class RealRepresentation(NamedTuple):
    """Patterns of real numbers: as `IntegerRepresentation`, in float32."""

    rows: AnyArray
    norms: AnyArray
    overlaps: AnyArray
    spins: Int8Array


class CouplingRepresentation(NamedTuple):
    """The matrix of couplings: a spin that stays costs nothing, one that flips costs N.

    Attributes:
        couplings: [N, N], integers, zero on the diagonal.
        fields: [N] int64.
        spins: [N] int8.
    """

    couplings: AnyArray
    fields: AnyArray
    spins: Int8Array


class PowerRepresentation(NamedTuple):
    """Patterns of +-1 with a polynomial interaction f of the overlap with one spin left out.

    Attributes:
        rows: [N, K] int8.
        overlaps: [K] float64, integers.
        gains: [K] float64, g = f(x - 1) + f(x + 1).
        own: [2] float64, sum of f(x - 1) - f(x + 1), and sum of g.
        spins: [N] int8.
        gain, shift: coefficients of those two polynomials, the highest first.
        odd: parity of f.
    """

    rows: AnyArray
    overlaps: AnyArray
    gains: AnyArray
    own: AnyArray
    spins: Int8Array
    gain: tuple[float, ...]
    shift: tuple[float, ...]
    odd: bool


class RealPowerRepresentation(NamedTuple):
    """Real patterns with the power P of their overlap.

    Attributes:
        rows: [N, K] float32.
        overlaps: [K] float64.
        spins: [N] int8.
        coefficients: binomials P over j for odd j, the highest j first.
        odd: whether P is even, so that y comes in odd powers.
    """

    rows: AnyArray
    overlaps: AnyArray
    spins: Int8Array
    coefficients: tuple[float, ...]
    odd: bool


class SymmetricRepresentation(NamedTuple):
    """Real patterns with the elementary symmetric polynomial of all products of P entries.

    Attributes:
        rows: [N, K] float32.
        sums: [P, K] float64, k! e_k for k = 1 to P.
        spins: [N] int8.
        orders: 1.0, 2.0, to P.
    """

    rows: AnyArray
    sums: AnyArray
    spins: Int8Array
    orders: tuple[float, ...]


Form = (
    BitRepresentation
    | IntegerRepresentation
    | RealRepresentation
    | CouplingRepresentation
    | PowerRepresentation
    | RealPowerRepresentation
    | SymmetricRepresentation
)
