"""Prophesee's .dat files of version 2: events of 8 bytes, decoded by the camera's software."""

import functools
from collections.abc import Iterator

from axonal.datasets.events import Sensor
from axonal.datasets.readers import _prophesee, _records
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

USUAL = Sensor(304, 240, 2)
KINDS = {0: "Event2d", 12: "EventCD"}


def _matches(head: bytes) -> bool:
    return "containing" in _prophesee.parse(head).fields


def _open(source: Source, request: Request) -> Opened:
    head = _prophesee.header(source)
    if head.fields.get("version", "") != "2":
        found = head.fields.get("version", "none")[:20]
        raise source.error(0, f"a .dat file of version {found!r}, expected '2'.")
    kind = source.at(head.end, 2)
    if len(kind) < 2:
        raise source.error(head.end, "the file ends in its header. Copy it again.")
    if kind[0] not in KINDS or kind[1] != 8:
        raise source.error(
            head.end,
            f"events of type {kind[0]} with {kind[1]} bytes, expected type 0 (Event2d) or 12 "
            "(EventCD) with 8.",
        )
    sensor = request.sensor_or(head.sensor(source, USUAL))
    return Opened(sensor, _pieces(source, head.end + 2, sensor, request))


def _pieces(source: Source, begin: int, sensor: Sensor, request: Request) -> Iterator[Piece]:
    placer = _records.Placer(source, sensor, request, 1 << 32)
    for at, words in _records.records(source, begin, source.size, ("<u4", 2), request):
        t, place = words[:, 0], words[:, 1]
        x, y, p = place & 0x3FFF, (place >> 14) & 0x3FFF, place >> 28
        _records.refuse_polarity(source, at, 8, p)
        yield placer.piece(t, x, y, p, functools.partial(_records.byte, at, 8))


FORMAT = Format(
    name="dat",
    title="Prophesee .dat, version 2",
    matches=_matches,
    open=_open,
    sensor="the header's, else 304 x 240 (ATIS, as N-Cars)",
    clock="32 bits, unwrapped",
    kept="files of triggers are refused",
    layout="docs.prophesee.ai, DAT File Format",
    checked="a recording of 2009 events, as expelliarmus reads it",
)
