"""Indices of the nonzero entries of a row, found in 64 entries at a time.

numba cannot express a comparison of a whole vector that gives one bit per entry, nor the lowest
bit of a number. The compiler below it has; every processor that it knows gets its own
instructions from the same lines.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import errors, extending, types

from axonal._base.jit import jit

AHEAD = 4
"""Places that `active` writes beyond those that it returns."""

_WORD = 64

# numba's own type for it would ask callers for the first argument, too
_intrinsic: Callable[[Any], Any] = extending.intrinsic


@_intrinsic
def _mask(_: Any, row: Any, start: Any) -> Any:
    """Set bit k where row[start + k], the bits of a number, are not those of 0.0 or -0.0."""
    if row.layout != "C":
        raise errors.TypingError(f"64 entries are read at once: the row must be contiguous: {row}")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = signature.args[0]
        vector = ir.VectorType(context.get_value_type(array.dtype), _WORD)
        first = builder.gep(context.make_array(array)(context, builder, args[0]).data, [args[1]])
        whole = builder.bitcast(first, vector.as_pointer())
        entries = builder.load(whole, align=array.dtype.bitwidth // 8)
        unsigned = [ir.Constant(vector.element, 2 ** (array.dtype.bitwidth - 1) - 1)] * _WORD
        size = builder.and_(entries, ir.Constant(vector, unsigned))
        active = builder.icmp_unsigned("!=", size, ir.Constant(vector, None))
        return builder.bitcast(active, ir.IntType(_WORD))

    return types.uint64(row, types.uint64), generate


@_intrinsic
def _lowest(_: Any, mask: Any) -> Any:
    """Return the place of the lowest bit that is set, 64 if none is."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@_intrinsic
def _ones(_: Any, mask: Any) -> Any:
    """Return how many bits are set."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), generate


@jit
def _is_active(bits: Any, size: int) -> Any:
    """1 unless the bits, of this many bytes, are all zero but for the sign."""
    return np.uint64((np.int64(bits) << np.int64(65 - 8 * size)) != 0)


@jit
def active(bits: Any, where: Any) -> int:
    """Write the indices of what is not zero and return how many there are.

    ``bits`` [N] are those of floating-point numbers, as integers of their size, without gaps.
    Few branches, since which entries are active cannot be foreseen: four indices are written even
    where fewer are found, so that ``where`` needs room for N + `AHEAD`. An unsigned index
    spares the test for a count from the end.
    """
    one = np.uint64(1)
    used = np.uint64(0)
    words = bits.size // _WORD
    for word in range(words):
        start = np.uint64(word * _WORD)
        left = _mask(bits, start)
        free, used = used, used + _ones(left)
        while True:
            for k in range(AHEAD):
                where[free + np.uint64(k)] = start + _lowest(left)
                left &= left - one
            if left == 0:
                break
            free += np.uint64(AHEAD)
    for j in range(words * _WORD, bits.size):
        where[used] = j
        used += _is_active(bits[j], bits.itemsize)
    return int(used)


@jit
def count(bits: Any) -> int:
    """Count what is not zero in bits [N], see `active`."""
    used = np.uint64(0)
    words = bits.size // _WORD
    for word in range(words):
        used += _ones(_mask(bits, np.uint64(word * _WORD)))
    for j in range(words * _WORD, bits.size):
        used += _is_active(bits[j], bits.itemsize)
    return int(used)
