"""Event Stream 2.0: generic events, and those of a DVS, an ATIS and a colour camera."""

from collections.abc import Callable, Iterator

import numpy as np

from axonal._base.array_types import AnyArray, UInt8Array
from axonal.datasets.events import Sensor
from axonal.datasets.events.sensor import MOST_CHANNELS
from axonal.datasets.readers import _words
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

Step = Callable[[UInt8Array, int, int], tuple[int, Piece | None]]
"""Some events of a block from a place in it, and where they end; None for none that are whole."""

SIGNATURE = b"Event Stream"
GENERIC, DVS, ATIS, DISPLAY, COLOUR = range(5)
WIDEST = 16
"""Most bytes of table per byte of file, for events of unlike lengths."""


def _open(source: Source, request: Request) -> Opened:
    head = source.head
    if len(head) < 16:
        raise source.error(len(head), "the file ends in its header. Copy it again.")
    if head[12] != 2:
        version = ".".join(map(str, head[12:15]))
        raise source.error(12, f"Event Stream of version {version}, expected 2.")
    kind = head[15]
    if kind not in (GENERIC, DVS, ATIS, COLOUR):
        known = "0 (generic), 1 (DVS), 2 (ATIS) or 4 (colour)"
        raise source.error(15, f"Event Stream of type {kind}, expected {known}.")
    if kind == GENERIC:
        sensor = request.sensor_or(Sensor(1))
        return Opened(sensor, _decoded(source, 16, _generic(source), request))
    if len(head) < 20:
        raise source.error(len(head), "the file ends in its header. Copy it again.")
    width, height = (int.from_bytes(head[at : at + 2], "little") for at in (16, 18))
    if not 0 < 2 * width * height <= MOST_CHANNELS:
        raise source.error(16, f"a sensor of {width} x {height} pixels. Is the file damaged?")
    sensor = request.sensor_or(Sensor(width, height, 1 if kind == COLOUR else 2))
    return Opened(sensor, _decoded(source, 20, _camera(source, kind, sensor), request))


def _decoded(source: Source, begin: int, step: Step, request: Request) -> Iterator[Piece]:
    """Events from a byte of the file to its end, a block of bytes at a time."""
    size = _words.BLOCK
    while begin < source.size:
        data = np.frombuffer(source.at(begin, size), np.uint8)
        at, piece = step(data, 0, begin)
        while piece is not None:
            yield piece
            at, piece = step(data, at, begin)
        begin += at
        if at:
            size = _words.BLOCK
        elif len(data) == size:
            # a generic event may be longer than a block
            size *= 2
        elif request.truncated:
            return
        else:
            raise source.error(
                begin,
                f"the file ends within an event, after {len(data)} of its bytes. {_words.CUT}",
            )


def _camera(source: Source, kind: int, sensor: Sensor) -> Step:
    """The decoder of events that have a place."""
    from axonal.datasets.readers import cpu

    state = _words.fresh()
    state[cpu.LAST] = 0
    times, addresses = np.empty(_words.PLACES, np.int64), np.empty(_words.PLACES, np.uint32)
    extra = np.empty((_words.PLACES, 3), np.uint8)

    def step(data: UInt8Array, at: int, begin: int) -> tuple[int, Piece | None]:
        at, count, code = cpu.event_stream(
            data, at, state, sensor.width, sensor.height, kind, times, addresses, extra
        )
        if not count and code != cpu.FINE:
            raise source.error(begin + at, _words.refused(code, 0, state, sensor))
        named = _named(kind, extra[:count])
        return at, Piece(times[:count], addresses[:count], named) if count else None

    return step


def _generic(source: Source) -> Step:
    """The decoder of events that are a number of bytes."""
    from axonal.datasets.readers import cpu

    state = _words.fresh()
    state[cpu.LAST] = 0
    times = np.empty(_words.PLACES, np.int64)
    begins, sizes = np.empty_like(times), np.empty_like(times)

    def step(data: UInt8Array, at: int, begin: int) -> tuple[int, Piece | None]:
        stood = at
        at, count, code = cpu.generic(data, at, state, times, begins, sizes)
        if not count:
            if code != cpu.FINE:
                raise source.error(begin + at, "an event of more than 2^56 bytes. Is it damage?")
            return at, None
        widest = int(sizes[:count].max())
        if widest * count > WIDEST * (at - stood) + _words.BLOCK:
            raise source.error(
                begin + stood,
                f"{count} events of up to {widest} bytes, most of them far shorter, which are no "
                "table. Is it damage?",
            )
        table = np.zeros((count, widest), np.uint8)
        cpu.gathered(data, begins[:count], sizes[:count], table)
        extra = {"size": sizes[:count], "data": table}
        return at, Piece(times[:count], np.zeros(count, np.uint32), extra)

    return step


def _named(kind: int, extra: AnyArray) -> dict[str, AnyArray]:
    if kind == COLOUR:
        return {"rgb": extra}
    return {"threshold_crossing": extra[:, 0] != 0} if kind == ATIS else {}


FORMAT = Format(
    name="es",
    title="Event Stream 2.0 (.es)",
    matches=lambda head: head.startswith(SIGNATURE),
    open=_open,
    sensor="the header's; generic events have one channel",
    clock="steps between events",
    kept="colours as `rgb`, exposures of an ATIS as `threshold_crossing`, bytes of generic events "
    "as `data` and `size`; rows are as stored, where faery turns them upside down",
    layout="github.com/neuromorphic-paris/event_stream",
    checked="recordings of a DVS and a colour camera, as event_stream reads them; ATIS and generic "
    "on bytes laid out by hand",
)
