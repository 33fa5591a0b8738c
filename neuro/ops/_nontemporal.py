"""Stores that go past the caches, for results that are larger than these.

A store into a line of memory that is in no cache brings it there first, to be overwritten, and
drives out what was in its place. numba cannot express stores that spare both.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types

LANES = 8
"""Numbers of one vector."""

_intrinsic: Callable[[Any], Any] = extending.intrinsic


@_intrinsic
def stream(_: Any, row: Any, start: Any, numbers: Any) -> Any:
    """Write eight numbers to row[start:], past the caches; in compiled functions only.

    The place is a multiple of the size of the vector, or the processor ends the program. Others
    may see what was written only after `settle`.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = signature.args[0]
        vector = ir.VectorType(context.get_value_type(array.dtype), LANES)
        lanes: Any = ir.Constant(vector, ir.Undefined)
        for k in range(LANES):
            lane = builder.extract_value(args[2], k)
            lanes = builder.insert_element(lanes, lane, ir.Constant(ir.IntType(32), k))
        first = builder.gep(context.make_array(array)(context, builder, args[0]).data, [args[1]])
        whole = builder.bitcast(first, vector.as_pointer())
        store = builder.store(lanes, whole, align=LANES * array.dtype.bitwidth // 8)
        once = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        store.set_metadata("nontemporal", once)
        return context.get_dummy_value()

    return types.void(row, types.uint64, numbers), generate


@_intrinsic
def settle(_: Any) -> Any:
    """Let everything that was streamed become visible to all threads before what follows."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate
