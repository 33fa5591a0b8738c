"""Formats whose events are records of one size."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import AnyArray, Int64Array
from axonal.datasets.events import Sensor
from axonal.datasets.readers import _words
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

AT_A_TIME = 1 << 15
AS_STORED = tuple(map(np.dtype, ("i8", "i2", "i2", "u1")))
"""Types of columns that are taken as they lie in a file, and not copied first: those of AEDAT 4."""


class Placer:
    """Columns of events, brought onto a clock without wraps and into addresses.

    Args:
        source: the file, for errors.
        sensor: the geometry.
        request: whether times may fall, and what is a turn.
        turn: ticks after which the counter begins again, 0 for never.
    """

    def __init__(self, source: Source, sensor: Sensor, request: Request, turn: int) -> None:
        from axonal.datasets.readers import cpu

        self.placed: Callable[..., tuple[int, int]] = cpu.placed
        self.source, self.sensor = source, sensor
        self.ordered = not request.sort
        self.times, self.addresses = np.empty(0, np.int64), np.empty(0, np.uint32)
        self.state = _words.fresh(turn, request.pauses)

    def piece(
        self,
        t: npt.ArrayLike,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        p: npt.ArrayLike,
        where: Callable[[int], int],
        extra: dict[str, AnyArray] | None = None,
    ) -> Piece:
        """Events from columns ``[events]``; ``where`` gives the byte of an event by its index.

        Raises:
            EventFileError: an event outside the sensor, or a time that falls.
        """
        columns = [np.asarray(one) for one in (t, x, y, p)]
        if tuple(one.dtype for one in columns) != AS_STORED:
            wanted = (np.int64, np.int32, np.int32, np.int32)
            columns = [np.ascontiguousarray(*pair) for pair in zip(columns, wanted, strict=True)]
        count = len(columns[0])
        if count > len(self.times):
            self.times, self.addresses = np.empty(count, np.int64), np.empty(count, np.uint32)
        times, addresses = self.times[:count], self.addresses[:count]
        size = self.sensor.width, self.sensor.height
        count, code = self.placed(*columns, self.state, *size, self.ordered, times, addresses)
        if code:
            line = _words.refused(code, 0, self.state, self.sensor)
            raise self.source.error(where(count), line)
        return Piece(times, addresses, extra or {})


def records(
    source: Source, begin: int, end: int, kind: npt.DTypeLike, request: Request
) -> Iterator[tuple[int, AnyArray]]:
    """Records between two bytes of a file, some at a time, with the byte where they begin.

    Raises:
        EventFileError: the last record is not whole.
    """
    size = np.dtype(kind).itemsize
    whole = begin + (end - begin) // size * size
    while begin < whole:
        found = np.frombuffer(source.at(begin, min(whole - begin, size * AT_A_TIME)), kind)
        yield begin, found
        begin += found.nbytes
    if whole < end and not request.truncated:
        raise source.error(
            whole,
            f"the file ends within an event, after {end - whole} of its {size} bytes. {_words.CUT}",
        )


def byte(begin: int, size: int, index: int) -> int:
    """Byte of an event among records of one size."""
    return begin + size * index


def byte_of(begin: int, size: int, chosen: Int64Array, index: int) -> int:
    """Byte of an event among the records that are events."""
    return begin + size * int(chosen[index])


def refuse_polarity(source: Source, begin: int, size: int, p: AnyArray) -> None:
    """Refuse polarities other than 0 and 1.

    Raises:
        EventFileError: the first one of them.
    """
    wrong = (p < 0) | (p > 1)
    if wrong.any():
        at = int(wrong.argmax())
        raise source.error(
            byte(begin, size, at), f"an event with polarity {p[at]}, expected 0 or 1. Is it damage?"
        )
