"""AEDAT 4.0: packets in FlatBuffers, packed or not, as DV writes them."""

import bisect
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
MOST_OF_TABLES = 256
EVENT = np.dtype(
    {
        "names": ["t", "x", "y", "on"],
        "formats": ["<i8", "<i2", "<i2", "u1"],
        "offsets": [0, 8, 10, 12],
        "itemsize": 16,
    }
)
BATCH = EVENT.itemsize * _records.AT_A_TIME
"""Bytes of events that are placed at a time, and of a packet that are unpacked at a time."""


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
    held = _Held()
    try:
        for begin, events in _packets(source, head, request):
            if held.size + len(events) > BATCH:
                yield held.piece(source, placer)
                held.size = 0
            held.add(begin, events)
    except EventFileError:
        # what lies before the damage may be all that is wanted
        if held.size:
            yield held.piece(source, placer)
        raise
    if held.size:
        yield held.piece(source, placer)


class _Held:
    """Events of packets behind one another, in memory that is used again."""

    def __init__(self) -> None:
        self.bytes = np.empty(BATCH, np.uint8)
        self.size = 0
        self.begins: list[int] = []
        self.ends: list[int] = []

    def add(self, begin: int, events: bytes) -> None:
        if not self.size:
            self.begins, self.ends = [], []
        end = self.size + len(events)
        self.bytes[self.size : end] = np.frombuffer(events, np.uint8)
        self.size = end
        self.begins.append(begin)
        self.ends.append(end // EVENT.itemsize)

    def piece(self, source: Source, placer: _records.Placer) -> Piece:
        events = self.bytes[: self.size].view(EVENT)
        wrong = events["on"] > 1
        if wrong.any():
            at = int(wrong.argmax())
            line = f"an event with polarity {events['on'][at]}, expected 0 or 1. Is it damage?"
            raise source.error(self.where(at), line)
        return placer.piece(events["t"], events["x"], events["y"], events["on"], self.where)

    def where(self, index: int) -> int:
        """The byte of an event is that of its packet, which is packed."""
        return self.begins[bisect.bisect_right(self.ends, index)]


def _packets(source: Source, head: _Header, request: Request) -> Iterator[tuple[int, bytes]]:
    """Events of the packets, as they lie in them, with the byte where a packet begins."""
    begin, known = head.begin, dict[bytes, int]()
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
                content = Unpacked(source.at(begin + 8, size), head.packing)
                for events in _events(content, known):
                    yield begin, events
            except _Damage as error:
                raise source.error(begin, f"{error}. Is the file damaged?") from None
        begin += 8 + size


class _Damage(Exception):
    """A packet that is none, in words."""


def _events(content: Unpacked, known: dict[bytes, int]) -> Iterator[bytes]:
    """Events of a packet, some at a time.

    ``known`` are tables that came before, and the place of the events behind them: those of one
    writer are the same in every packet.

    Raises:
        _Damage: it is none.
    """
    try:
        data = content.read(AT_FIRST)
        length, place = int.from_bytes(data[:4], "little"), 0
        for tables, behind in known.items():
            if data.startswith(tables, 4):
                place, count = behind, int.from_bytes(data[behind : behind + 4], "little")
        if not place:
            place, count = FlatBuffer(data[4 : 4 + length], b"EVTS").vector(0)
            if not place:
                return
            if place <= MOST_OF_TABLES:
                known.clear()
                known[data[4:place]] = place
        end = place + EVENT.itemsize * count
        if place > len(data) - 4 or end > length:
            raise ValueError(f"a packet of {length} bytes that says it has {count} events")
        data, left = data[4 + place : 4 + end], EVENT.itemsize * count
        while left:
            wanted = min(left, BATCH)
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
