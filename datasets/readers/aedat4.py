"""AEDAT 4.0: packets in FlatBuffers, packed or not, as DV writes them."""

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from axonal.datasets.events import Sensor
from axonal.datasets.readers import _aedat, _records, _words
from axonal.datasets.readers.event_file_error import EventFileError
from axonal.datasets.readers.flatbuffer import FlatBuffer
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source
from axonal.datasets.readers.unpacked import ZSTD_HIGH, Unpacked

VERSION_LINE = 14
LONGEST_HEADER = 1 << 22
AT_FIRST = 1 << 16
"""Bytes of a packet that are unpacked at once; its tables lie within them."""
BATCH = 1 << 16
"""Bytes of events that are placed at a time."""
EVENT = np.dtype(
    {
        "names": ["t", "x", "y", "on"],
        "formats": ["<i8", "<i2", "<i2", "u1"],
        "offsets": [0, 8, 10, 12],
        "itemsize": 16,
    }
)


class _Header(NamedTuple):
    packing: int
    begin: int
    end: int
    streams: dict[int, Sensor]


def _open(source: Source, request: Request) -> Opened:
    size = int.from_bytes(source.at(VERSION_LINE, 4), "little")
    begin = VERSION_LINE + 4 + size
    if size > LONGEST_HEADER or begin > source.size:
        raise source.error(VERSION_LINE, f"a header of {size} bytes, more than there are.")
    try:
        buffer = FlatBuffer(source.at(VERSION_LINE + 4, size), b"IOHE")
        packing, table = buffer.number(0, "<i", 0), buffer.number(1, "<q", -1)
        streams = _streams(buffer.text(2))
    except (ValueError, ElementTree.ParseError) as error:
        raise source.error(VERSION_LINE, f"a damaged header ({error}).") from None
    if not 0 <= packing <= ZSTD_HIGH:
        raise source.error(VERSION_LINE, f"packing {packing}, expected 0 to {ZSTD_HIGH}.")
    if len(streams) != 1:
        raise source.error(
            VERSION_LINE,
            f"a header with {len(streams)} streams of events, expected one: convert it to a file "
            "each.",
        )
    end = source.size if table < 0 else table
    if not begin <= end <= source.size:
        if not request.truncated:
            raise source.error(
                VERSION_LINE, f"a table at byte {end}, which is not there. {_words.CUT}"
            )
        end = source.size
    sensor = request.sensor_or(next(iter(streams.values())))
    head = _Header(packing, begin, end, streams)
    return Opened(sensor, _pieces(source, head, sensor, request))


def _streams(text: str) -> dict[int, Sensor]:
    """Sensors of the streams of events, by their numbers, of the tree of settings."""
    if "<!" in text:
        raise ValueError("a tree with declarations, which DV does not write")
    found = {}
    for node in ElementTree.fromstring(text.rstrip("\0")).iter("node"):
        attributes = {one.get("key"): one.text or "" for one in node.findall("attr")}
        if attributes.get("typeIdentifier") != "EVTS":
            continue
        info = node.find("node[@name='info']")
        sizes = {one.get("key"): one.text or "" for one in (() if info is None else info)}
        width, height = (int(sizes.get(name, "0")) for name in ("sizeX", "sizeY"))
        found[int(node.get("name", "-1"))] = Sensor(width, height, 2)
    return found


def _pieces(source: Source, head: _Header, sensor: Sensor, request: Request) -> Iterator[Piece]:
    """Events of several packets at a time: they are small, and a call costs as much as one."""
    placer = _records.Placer(source, sensor, request, 0)
    held: list[tuple[int, bytes]] = []
    size = 0
    try:
        for begin, events in _packets(source, head, request):
            held.append((begin, events))
            size += len(events)
            if size >= BATCH:
                yield _placed(source, placer, held)
                held, size = [], 0
    except EventFileError:
        # what lies before the damage may be all that is wanted
        if held:
            yield _placed(source, placer, held)
        raise
    if held:
        yield _placed(source, placer, held)


def _placed(source: Source, placer: _records.Placer, held: list[tuple[int, bytes]]) -> Piece:
    begins, parts = zip(*held, strict=True)
    events = np.frombuffer(b"".join(parts), EVENT)
    ends = np.cumsum([len(part) // EVENT.itemsize for part in parts])

    def where(index: int) -> int:
        """The byte of an event is that of its packet, which is packed."""
        return int(begins[ends.searchsorted(index, "right")])

    wrong = events["on"] > 1
    if wrong.any():
        at = int(wrong.argmax())
        raise source.error(
            where(at), f"an event with polarity {events['on'][at]}, expected 0 or 1. Is it damage?"
        )
    return placer.piece(events["t"], events["x"], events["y"], events["on"], where)


def _packets(source: Source, head: _Header, request: Request) -> Iterator[tuple[int, bytes]]:
    """Events of the packets, as they lie in them, with the byte where a packet begins."""
    begin = head.begin
    while begin < head.end:
        packet = source.at(begin, 8)
        stream = int.from_bytes(packet[:4], "little", signed=True)
        size = int.from_bytes(packet[4:], "little", signed=True)
        if len(packet) < 8 or begin + 8 + size > head.end:
            if request.truncated:
                return
            there = head.end - begin - 8
            line = f"a packet of {size} bytes, of which {there} are there. {_words.CUT}"
            raise source.error(begin, line)
        if stream < 0 or size < 0:
            line = f"a packet of stream {stream} with {size} bytes. Is the file damaged?"
            raise source.error(begin, line)
        if stream in head.streams:
            try:
                for events in _events(Unpacked(source.at(begin + 8, size), head.packing)):
                    yield begin, events
            except _Damage as error:
                raise source.error(begin, f"{error}. Is the file damaged?") from None
        begin += 8 + size


class _Damage(Exception):
    """A packet that is none, in words."""


def _events(content: Unpacked) -> Iterator[bytes]:
    """Events of a packet, some at a time.

    Raises:
        _Damage: it is none.
    """
    try:
        data = content.read(AT_FIRST)
        length = int.from_bytes(data[:4], "little")
        place, count = FlatBuffer(data[4 : 4 + length], b"EVTS").vector(0)
        if not place:
            return
        end = place + EVENT.itemsize * count
        if place > len(data) - 4 or end > length:
            raise ValueError(f"a packet of {length} bytes that says it has {count} events")
        data, left = data[4 + place : 4 + end], EVENT.itemsize * count
        while left:
            wanted = min(left, EVENT.itemsize * _records.AT_A_TIME)
            if len(data) < wanted:
                data += content.read(wanted - len(data))
            if len(data) < wanted:
                raise ValueError(f"a packet of {count} events that ends before the last")
            yield data[:wanted]
            data, left = data[wanted:], left - wanted
    except ValueError as error:
        raise _Damage(str(error)) from None


FORMAT = Format(
    name="aedat4",
    title="AEDAT 4.0 (DV)",
    matches=lambda head: _aedat.version(head) == "4.0",
    open=_open,
    sensor="the header's",
    clock="64 bits",
    kept="frames, motion and triggers are passed over; packed files need the extra `data`",
    layout="docs.inivation.com, AEDAT 4.0, and its schemas",
    checked="a recording of 111 954 events, as aedat and faery read it",
)
