"""AEDAT 2.0: addresses and times of 32 bits, as jAER writes them.

What an address means depends on the camera, which a line of the header names. Rows are counted
from below; here, as in all other formats, they are counted from above.
"""

import functools
from collections.abc import Iterator

import numpy as np

from axonal._base.array_types import AnyArray
from axonal.datasets.events import Sensor
from axonal.datasets.readers import _aedat, _records
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

SIZE = 8
END = "#End Of ASCII Header"


def _open(source: Source, request: Request) -> Opened:
    lines, begin = _aedat.lines(source, END)
    text = "\n".join(lines)
    if "#Start of Preferences" in text and "#End of Preferences" not in text:
        raise source.error(
            begin, "the header ends within the preferences of the camera: the events are missing."
        )
    chips = [line.rpartition(".")[2] for line in lines if line.startswith("# AEChip:")]
    known = _aedat.sensor(chips[-1]) if chips else None
    if known is None:
        named = f"camera {chips[-1][:40]!r}" if chips else "no camera"
        raise source.error(
            0,
            f"its header names {named}, and only of DVS128 and DAVIS is it known what an address "
            "means.",
        )
    sensor = request.sensor_or(known)
    davis = not chips[-1].upper().startswith("DVS128")
    return Opened(sensor, _pieces(source, begin, sensor, request, davis))


def _pieces(
    source: Source, begin: int, sensor: Sensor, request: Request, davis: bool
) -> Iterator[Piece]:
    placer = _records.Placer(source, sensor, request, 1 << 32)
    for at, words in _records.records(source, begin, source.size, (">u4", 2), request):
        address, t = words[:, 0].astype(np.int64), words[:, 1]
        x, y, p, event = _davis(address) if davis else _dvs128(address)
        chosen = np.flatnonzero(event)
        rows = sensor.height - 1 - y[chosen]
        where = functools.partial(_records.byte_of, at, SIZE, chosen)
        yield placer.piece(t[chosen], x[chosen], rows, p[chosen], where)


def _dvs128(address: AnyArray) -> tuple[AnyArray, ...]:
    """Column, row from below, polarity, and whether it is an event of a pixel."""
    return (address >> 1) & 0x7F, (address >> 8) & 0x7F, address & 1, (address >> 15) & 1 == 0


def _davis(address: AnyArray) -> tuple[AnyArray, ...]:
    """Likewise; bit 31 marks frames and motion, bit 10 signals from outside."""
    event = (address >> 31 == 0) & ((address >> 10) & 1 == 0)
    return (address >> 12) & 0x3FF, (address >> 22) & 0x1FF, (address >> 11) & 1, event


FORMAT = Format(
    name="aedat2",
    title="AEDAT 2.0 (jAER)",
    matches=lambda head: _aedat.version(head) == "2.0",
    open=_open,
    sensor="that of the camera which the header names",
    clock="32 bits, unwrapped",
    kept="frames, motion and external events are passed over; rows are counted from above",
    layout="docs.inivation.com, AEDAT 2.0",
    checked="bytes laid out by hand; at hand was a header only, which is refused for its missing "
    "end",
)
