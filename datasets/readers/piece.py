"""Some events of a file, on the way to a recording."""

from typing import NamedTuple

from axonal._base.array_types import AnyArray, Int64Array, UInt32Array


class Piece(NamedTuple):
    """Events in the order of the file, which hold until the next piece is asked for.

    Attributes:
        times: int64 ``[events]``, whole microseconds on a clock that does not wrap.
        addresses: uint32 ``[events]``, within the sensor.
        extra: further columns ``[events, ...]`` by name.
    """

    times: Int64Array
    addresses: UInt32Array
    extra: dict[str, AnyArray]
