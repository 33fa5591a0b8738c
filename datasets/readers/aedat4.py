"""AEDAT 4.0: packets in FlatBuffers, packed or not, as DV writes them."""

import functools
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from axonal._base.array_types import AnyArray
from axonal.datasets.events import Sensor
from axonal.datasets.readers import _aedat, _records, _words
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
    if len(streams) != 1 and (request.sensor is None or not streams):
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
    placer = _records.Placer(source, sensor, request, 0)
    begin = head.begin
    while begin < head.end:
        packet = source.at(begin, 8)
        stream = int.from_bytes(packet[:4], "little", signed=True)
        size = int.from_bytes(packet[4:], "little", signed=True)
        if len(packet) < 8 or begin + 8 + size > head.end:
            if request.truncated:
                return
            raise source.error(
                begin,
                f"a packet of {size} bytes, of which {head.end - begin - 8} are there. "
                f"{_words.CUT}",
            )
        if stream < 0 or size < 0:
            raise source.error(
                begin, f"a packet of stream {stream} with {size} bytes. Is the file damaged?"
            )
        if stream in head.streams:
            try:
                yield from _packet(source, placer, begin, size, head.packing)
            except _Damage as error:
                raise source.error(begin, f"{error}. Is the file damaged?") from None
        begin += 8 + size


class _Damage(Exception):
    """A packet that is none, in words."""


def _packet(
    source: Source, placer: _records.Placer, begin: int, size: int, packing: int
) -> Iterator[Piece]:
    where = functools.partial(_begin, begin)
    for events in _events(Unpacked(source.at(begin + 8, size), packing)):
        yield placer.piece(events["t"], events["x"], events["y"], events["on"], where)


def _events(content: Unpacked) -> Iterator[AnyArray]:
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
        data = data[4 + place : 4 + end]
        for left in range(count, 0, -_records.AT_A_TIME):
            wanted = min(left, _records.AT_A_TIME)
            if len(data) < EVENT.itemsize * wanted:
                data += content.read(EVENT.itemsize * wanted - len(data))
            events = np.frombuffer(data[: EVENT.itemsize * wanted], EVENT)
            if len(events) != wanted:
                raise ValueError(f"a packet of {count} events that ends before the last")
            if events["on"].max() > 1:
                raise ValueError(f"an event with polarity {events['on'].max()}, expected 0 or 1")
            yield events
            data = data[EVENT.itemsize * wanted :]
    except ValueError as error:
        raise _Damage(str(error)) from None


def _begin(begin: int, index: int) -> int:
    """The byte of an event is that of its packet, which is packed."""
    return begin


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
