"""Events of 40 bits without a header: N-MNIST, N-Caltech101 and the files of SLAYER.

An event is 5 bytes, the highest first: two of address, then polarity [1] and time [23] in
microseconds. In N-MNIST's files (.bin, .bs2) the address is a column and a row, in SLAYER's .bs1 a
neuron. Nothing in a file tells which: it is taken for neurons if its first byte is zero in every
event, as it is with up to 256 of them. A row of 240 is no pixel. It says that the counter of the
camera ran over, and everything behind it is 8192 microseconds later.
"""

import functools
from collections.abc import Iterator

import numpy as np

from axonal._base.array_types import AnyArray
from axonal.datasets.events import Sensor
from axonal.datasets.readers import _records
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

SIZE = 5
RAN_OVER, LATER = 240, 1 << 13
LEAST = 16
"""Events by which such a file is told."""
PIXELS, NEURONS = Sensor(34, 34, 2), Sensor(256, 1, 2)


def _columns(events: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """First byte, second byte, polarity and time of events ``[events, 5]``."""
    a, b, c, d, e = events.T.astype(np.int32)
    return a, b, c >> 7, (c & 0x7F) << 16 | d << 8 | e


def _likely(head: bytes) -> tuple[bool, bool]:
    """Whether bytes without any mark could be such events, and whether those are of neurons."""
    events = np.frombuffer(head[: len(head) // SIZE * SIZE], np.uint8).reshape(-1, SIZE)
    if len(events) < LEAST:
        return False, False
    a, b, _, t = _columns(events)
    rises = np.diff(t[b != RAN_OVER])
    # a text or another format goes back and forth in what would be its time; a counter that begins
    # anew does so once
    falls = int((rises < 0).sum())
    return falls <= max(1, len(rises) // 100) and bool(rises.any()), bool((a == 0).all())


def _open(source: Source, request: Request, *, neurons: bool) -> Opened:
    sensor = request.sensor_or(NEURONS if neurons else PIXELS)
    if not neurons and sensor.height > RAN_OVER:
        raise ValueError(
            f"a .bin file has rows below {RAN_OVER}, which stands for a full counter; got {sensor}."
        )
    return Opened(sensor, _pieces(source, sensor, request, neurons))


def _pieces(source: Source, sensor: Sensor, request: Request, neurons: bool) -> Iterator[Piece]:
    placer = _records.Placer(source, sensor, request, 1 << 23)
    later = 0
    for at, events in _records.records(source, 0, source.size, ("u1", SIZE), request):
        a, b, p, t = _columns(events)
        if neurons:
            where = functools.partial(_records.byte, at, SIZE)
            yield placer.piece(t, a << 8 | b, np.zeros_like(a), p, where)
            continue
        over = b == RAN_OVER
        chosen = np.flatnonzero(~over)
        shift = later + LATER * np.cumsum(over, dtype=np.int64)
        later = int(shift[-1])
        where = functools.partial(_records.byte_of, at, SIZE, chosen)
        yield placer.piece((t + shift)[chosen], a[chosen], b[chosen], p[chosen], where)


PIXEL_FORMAT = Format(
    name="bin",
    title="N-MNIST, N-Caltech101 (.bin), SLAYER (.bs2)",
    matches=lambda head: _likely(head) == (True, False),
    open=functools.partial(_open, neurons=False),
    sensor="34 x 34 (N-MNIST); N-Caltech101 is Sensor(240, 180, 2)",
    clock="23 bits, unwrapped",
    kept="row 240 moves all that follows by 8192 microseconds",
    layout="Orchard, Jayawant, Cohen and Thakor, Frontiers in Neuroscience 9:437, 2015",
    checked="1100 recordings of N-MNIST, and one as .bs2",
)
NEURON_FORMAT = Format(
    name="bs1",
    title="SLAYER (.bs1)",
    matches=lambda head: _likely(head) == (True, True),
    open=functools.partial(_open, neurons=True),
    sensor="256 channels; N-TIDIGITS is Sensor(64, 1, 2)",
    layout="documentation of slayerPytorch, slayerSNN.spikeFileIO",
    checked="a recording of N-TIDIGITS",
    clock="23 bits, unwrapped",
    kept="every event is kept",
)
