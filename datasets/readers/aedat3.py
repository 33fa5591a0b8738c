"""AEDAT 3.1: packets of events of one type, as cAER writes them."""

import functools
import re
from collections.abc import Iterator

import numpy as np

from axonal.datasets.events import Sensor
from axonal.datasets.readers import _aedat, _records, _words
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

END = "#!END-HEADER"
HEAD = np.dtype(
    [
        ("type", "<i2"),
        ("source", "<i2"),
        ("size", "<i4"),
        ("offset", "<i4"),
        ("overflow", "<i4"),
        ("capacity", "<i4"),
        ("number", "<i4"),
        ("valid", "<i4"),
    ]
)
POLARITY, SIZE, OFFSET = 1, 8, 4


def _open(source: Source, request: Request) -> Opened:
    lines, begin = _aedat.lines(source, END)
    if not (lines and lines[-1].startswith(END)):
        raise source.error(begin, f"the header has no line {END}. Is the file cut or damaged?")
    packing = [line.removeprefix("#Format:").strip() for line in lines if "#Format:" in line]
    if packing not in ([], ["RAW"]):
        raise source.error(0, f"AEDAT 3.1 in format {packing[0][:40]!r}, expected RAW.")
    devices = [found[1] for line in lines if (found := re.match(r"#Source \d+: (.*)", line))]
    known = [size for device in devices if (size := _aedat.sensor(device.strip())) is not None]
    if request.sensor is None and not known:
        raise source.error(
            0,
            f"its header names camera {', '.join(devices)[:60]!r}, whose size is not known: write "
            "read(path, sensor=Sensor(width, height, 2)).",
        )
    sensor = request.sensor_or(known[0] if known else Sensor(1, 1, 2))
    return Opened(sensor, _pieces(source, begin, sensor, request))


def _pieces(source: Source, begin: int, sensor: Sensor, request: Request) -> Iterator[Piece]:
    placer = _records.Placer(source, sensor, request, 0)
    camera: int | None = None
    while begin < source.size:
        content = source.at(begin, HEAD.itemsize)
        if len(content) < HEAD.itemsize:
            if request.truncated:
                return
            raise source.error(begin, f"the file ends within the head of a packet. {_words.CUT}")
        head = dict(zip(HEAD.names or (), np.frombuffer(content, HEAD)[0].tolist(), strict=True))
        _check(source, begin, head)
        body = begin + HEAD.itemsize
        end = body + head["size"] * head["number"]
        if end > source.size and not request.truncated:
            line = f"the file ends within a packet of {head['number']} events. {_words.CUT}"
            raise source.error(begin, line)
        if head["type"] == POLARITY and head["number"]:
            if camera not in (None, head["source"]):
                raise source.error(
                    begin,
                    f"events of cameras {camera} and {head['source']}, whose clocks differ: "
                    "convert them to a file each.",
                )
            camera = head["source"]
            there = min(end, source.size)
            yield from _packet(source, placer, head["overflow"], body, there, request)
        begin = end


def _check(source: Source, begin: int, head: dict[str, int]) -> None:
    """Refuse the head of a packet that cannot be."""
    if head["type"] < 0 or head["size"] <= 0 or not 0 <= head["number"] == head["capacity"]:
        raise source.error(
            begin,
            f"a packet of type {head['type']} that says it has {head['number']} events of "
            f"{head['size']} bytes and room for {head['capacity']}. Is the file damaged?",
        )
    layout = head["size"], head["offset"]
    if head["type"] == POLARITY and (layout != (SIZE, OFFSET) or head["overflow"] < 0):
        raise source.error(
            begin,
            f"events of {head['size']} bytes with their time at {head['offset']} and overflow "
            f"{head['overflow']}, expected {SIZE} bytes, {OFFSET} and 0 or more. Is it damage?",
        )


def _packet(
    source: Source, placer: _records.Placer, turns: int, begin: int, end: int, request: Request
) -> Iterator[Piece]:
    """Events of a packet; those whose lowest bit is clear were taken back by who wrote them."""
    for at, words in _records.records(source, begin, end, ("<u4", 2), request):
        place, ticks = words[:, 0], words[:, 1].view("<i4")
        chosen = np.flatnonzero(place & 1)
        where = functools.partial(_records.byte_of, at, SIZE, chosen)
        bits = place[chosen]
        x, y, p = bits >> 17, (bits >> 2) & 0x7FFF, (bits >> 1) & 1
        t = (turns << 31) + ticks[chosen].astype(np.int64)
        yield placer.piece(t, x, y, p, where)


FORMAT = Format(
    name="aedat3",
    title="AEDAT 3.1 (cAER, DVS128 Gesture)",
    matches=lambda head: _aedat.version(head) == "3.1",
    open=_open,
    sensor="that of the camera which the header names",
    clock="63 bits",
    kept="packets of other types, and events that are marked as invalid, are passed over",
    layout="docs.inivation.com, AEDAT 3.1",
    checked="bytes laid out by hand; no recording was at hand",
)
