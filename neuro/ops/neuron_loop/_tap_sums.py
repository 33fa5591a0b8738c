"""Sums over the taps of delayed synapses, step by step, with samples side by side.

A series has room for every step, its numbers side by side for a few samples: a tap is then one
place, and the sum of a row of synapses stays in the registers of the processor. numba keeps no sum
of many lanes there; the compiler below it does. Spikes take a byte each, so that the steps which a
sum may reach stay in the cache.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from torch import Tensor

from axonal._base.jit import kernel
from axonal.neuro.ops._buffer_pool import empty, zeros

FEW, MANY = 8, 32
"""Samples side by side: as many numbers as one to four vectors hold."""

Array = npt.NDArray[Any]

# numba's own type for it would ask callers for the first argument, too
_intrinsic: Callable[[Any], Any] = intrinsic


def _of_lanes(lanes: int) -> Any:
    """Make the sum of the taps of one row, for so many samples, in compiled functions only."""

    def sum_taps(_: Any, out: Any, series: Any, start: Any, where: Any, factor: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            made: list[Any] = [
                None if isinstance(kind, types.Integer)
                else context.make_array(kind)(context, builder, value)
                for kind, value in zip(signature.args, args, strict=True)
            ]  # fmt: skip
            to, numbers, _, places, factors = made
            vector = ir.VectorType(context.get_value_type(signature.args[0].dtype), lanes)
            held = ir.VectorType(context.get_value_type(signature.args[1].dtype), lanes)
            align = signature.args[0].dtype.bitwidth // 8
            first, undefined = ir.IntType(32)(0), ir.Constant(vector, ir.Undefined)
            spread = ir.Constant(ir.VectorType(ir.IntType(32), lanes), None)
            total = cgutils.alloca_once(builder, vector)  # type: ignore[no-untyped-call]
            builder.store(ir.Constant(vector, None), total)
            with cgutils.for_range(builder, places.nitems) as loop:
                place = builder.load(builder.gep(places.data, [loop.index]))
                place = builder.add(builder.sext(place, args[2].type), args[2])
                row = builder.gep(numbers.data, [place])
                row = builder.load(builder.bitcast(row, held.as_pointer()), align=1)
                row = row if held == vector else builder.sitofp(row, vector)
                by = builder.load(builder.gep(factors.data, [loop.index]))
                by = builder.insert_element(undefined, by, first)
                by = builder.shuffle_vector(by, undefined, spread)
                builder.store(builder.fadd(builder.load(total), builder.fmul(by, row)), total)
            place = builder.bitcast(to.data, vector.as_pointer())
            builder.store(builder.load(total), place, align=align)
            return context.get_dummy_value()

        return types.void(out, series, types.int64, where, factor), generate

    return _intrinsic(sum_taps)


_sum_few, _sum_many = _of_lanes(FEW), _of_lanes(MANY)


class TapSums:
    """A series of ``steps`` steps that is written step by step, and its sums over taps.

    Args:
        late: steps of the taps of every row, behind that which a sum starts from [R, S, K].
        shares: their weights [R, S, K]; those of weight zero cost nothing.
        bias: added to every sum [R].
        steps: of the series; what was not written is zero.
        like: one step of it [B, S].
        spikes: whether it holds 0 and 1 alone.
    """

    def __init__(
        self,
        late: Array,
        shares: Array,
        bias: Tensor,
        steps: int,
        like: Tensor,
        *,
        spikes: bool = False,
    ) -> None:
        batch, sources = like.shape
        lanes = FEW if batch <= FEW else MANY
        tiles = -(-batch // lanes)
        size = (tiles, steps, sources, lanes)
        self.series = np.zeros(size, np.int8) if spikes else zeros(size, like).numpy()
        self.sums = empty((batch, len(shares)), like)
        taps = shares.shape[1] * shares.shape[2]
        where = np.empty((len(shares), taps), np.int32)
        factor, used = np.empty((len(shares), taps), shares.dtype), np.empty(len(shares), np.int64)
        _list(late, shares, sources * lanes, lanes, where, factor, used)
        self.arrays = (
            self.sums.numpy(), bias.numpy(), self.series, where, factor, used,
        )  # fmt: skip

    def write(self, step: int, values: Array) -> None:
        """Write one step of the series [B, S]."""
        _write(step, values, self.series)

    def sum(self, start: int) -> Tensor:
        """Return the sums over the taps of every row, from step ``start`` on [B, R]."""
        _sum(start, *self.arrays)
        return self.sums


@kernel
def _list(
    late: Any, shares: Any, of_step: int, of_source: int, where: Any, factor: Any, used: Any
) -> None:
    """Fill places and weights of the taps that are not zero [R, n], and their number [R]."""
    for r in range(shares.shape[0]):
        n = 0
        for s in range(shares.shape[1]):
            for k in range(shares.shape[2]):
                if shares[r, s, k] != 0:
                    where[r, n] = late[r, s, k] * of_step + s * of_source
                    factor[r, n] = shares[r, s, k]
                    n += 1
        used[r] = n


@kernel
def _write(step: int, values: Any, series: Any) -> None:
    """Write values [B, S] into one step of a series [tiles, steps, S, lanes]."""
    lanes = series.shape[3]
    for b in range(values.shape[0]):
        row, lane = series[b // lanes, step], b % lanes
        for s in range(values.shape[1]):
            row[s, lane] = values[b, s]


@kernel
def _sum(start: int, sums: Any, bias: Any, series: Any, where: Any, factor: Any, used: Any) -> None:
    """Fill sums [B, R] with those of the taps of a series [tiles, steps, S, lanes]."""
    tiles, _, sources, lanes = series.shape
    row = np.empty(lanes, sums.dtype)
    first = start * sources * lanes
    for tile in range(tiles):
        low, numbers = tile * lanes, series[tile].reshape(-1)
        high = min(low + lanes, sums.shape[0])
        for r in range(where.shape[0]):
            if lanes == FEW:
                _sum_few(row, numbers, first, where[r, : used[r]], factor[r, : used[r]])
            else:
                _sum_many(row, numbers, first, where[r, : used[r]], factor[r, : used[r]])
            for b in range(low, high):
                sums[b, r] = bias[r] + row[b - low]
