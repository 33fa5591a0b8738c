"""AEDAT 2.0: addresses and times of 32 bits, as jAER writes them.

What an address means depends on the camera, which a line of the header names. Rows are counted
from below and columns from the right; here, as in all other formats, they are counted from above
and from the left. Bit 0 of a DVS128 is clear where a pixel becomes brighter, bit 11 of a DAVIS is
set. So jAER and the drivers of the camera's maker read them, against the table of the published
page, which says of a DVS128 that a set bit is brighter.
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
DVS128 = Sensor(128, 128, 2)
DAVIS = (Sensor(208, 192, 2), Sensor(240, 180, 2), Sensor(346, 260, 2), Sensor(640, 480, 2))
"""Sizes by which a file whose header names no camera is that of a DAVIS."""


def _open(source: Source, request: Request) -> Opened:
    lines, begin = _aedat.lines(source, END)
    text = "\n".join(lines)
    if "#Start of Preferences" in text and "#End of Preferences" not in text:
        raise source.error(
            begin, "the header ends within the preferences of the camera: the events are missing."
        )
    known, davis = _camera(source, lines, request)
    sensor = request.sensor_or(known)
    return Opened(sensor, _pieces(source, begin, sensor, request, davis))


def _camera(source: Source, lines: list[str], request: Request) -> tuple[Sensor, bool]:
    """The camera's sensor, and whether it is a DAVIS; what is no DAVIS is a DVS128.

    Raises:
        EventFileError: it is another camera, or nothing tells.
    """
    chips = [line.rpartition(".")[2] for line in lines if line.startswith("# AEChip:")]
    if chips:
        name = chips[-1].upper()
        known = _aedat.sensor(name) if name.startswith(("DVS128", "DAVIS")) else None
        if known is None:
            raise source.error(
                0,
                f"its header names camera {chips[-1][:40]!r}, and only of DVS128 and DAVIS is it "
                "known what an address means.",
            )
        return known, name.startswith("DAVIS")
    if request.sensor == DVS128:
        return DVS128, False
    if request.sensor in DAVIS:
        return request.sensor, True
    sizes = ", ".join(f"{one.width} x {one.height}" for one in DAVIS)
    raise source.error(
        0,
        "its header names no camera. Write read(path, sensor=Sensor(128, 128, 2)) for a DVS128, or "
        f"the sensor of a DAVIS: {sizes}, with 2 polarities.",
    )


def _pieces(
    source: Source, begin: int, sensor: Sensor, request: Request, davis: bool
) -> Iterator[Piece]:
    whole = sensor if davis else DVS128
    placer = _records.Placer(source, sensor, request, 1 << 32)
    for at, words in _records.records(source, begin, source.size, (">u4", 2), request):
        address, t = words[:, 0].astype(np.int64), words[:, 1]
        x, y, p, event = _davis(address) if davis else _dvs128(address)
        chosen = np.flatnonzero(event)
        columns, rows = whole.width - 1 - x[chosen], whole.height - 1 - y[chosen]
        where = functools.partial(_records.byte_of, at, SIZE, chosen)
        yield placer.piece(t[chosen], columns, rows, p[chosen], where)


def _dvs128(address: AnyArray) -> tuple[AnyArray, ...]:
    """Column from the right, row from below, polarity, and whether it is an event of a pixel."""
    return (address >> 1) & 0x7F, (address >> 8) & 0x7F, ~address & 1, (address >> 15) & 1 == 0


def _davis(address: AnyArray) -> tuple[AnyArray, ...]:
    """Likewise; bit 31 marks frames and motion, bit 10 signals from outside."""
    event = (address >> 31 == 0) & ((address >> 10) & 1 == 0)
    return (address >> 12) & 0x3FF, (address >> 22) & 0x1FF, (address >> 11) & 1, event


FORMAT = Format(
    name="aedat2",
    title="AEDAT 2.0 (jAER)",
    matches=lambda head: _aedat.version(head) == "2.0",
    open=_open,
    sensor="that of the camera which the header names; of none, the one that is asked for: "
    "Sensor(128, 128, 2) is a DVS128, the size of a DAVIS a DAVIS",
    clock="32 bits, unwrapped",
    kept="frames, motion and external events are passed over; rows are counted from above, "
    "columns from the left",
    layout="docs.inivation.com, AEDAT 2.0; mirror and sign as jAER and libcaer have them",
    checked="bytes laid out by hand, no recording, so that mirror and sign were not seen in a "
    "picture; at hand was a header only, which is refused for its missing "
    "end",
)
