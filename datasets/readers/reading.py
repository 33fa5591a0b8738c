"""Files of events in any format that is known."""

from collections.abc import Iterator
from os import PathLike

from axonal._base.array_types import BoolArray
from axonal._base.checks import one_of, whole_number
from axonal.datasets.events import Recording, Sensor
from axonal.datasets.readers._columns import Columns
from axonal.datasets.readers.format import Format
from axonal.datasets.readers.formats import FORMATS, recognised
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

FARTHEST = 2**62


def read(
    path: str | PathLike[str],
    *,
    start: int | None = None,
    stop: int | None = None,
    sensor: Sensor | None = None,
    sort: bool = False,
    pauses: bool = False,
    truncated: bool = False,
    format: str | None = None,
) -> Recording:
    """Events of a file.

    The format is found by what the file holds, not by its name. Times are those of the file's own
    clock, in microseconds; a counter that begins anew is unwrapped. What is not an event of the
    sensor (triggers, frames, motion) is passed over; docs/event-files.md says so per format.

    Args:
        path: of the file.
        start: first instant that is wanted, in microseconds; by default that of the file.
        stop: first instant that is not wanted any more. What lies behind it is not looked at.
        sensor: the geometry; by default that of the file, or the usual one of its format.
        sort: put events into time order where the file does not have them so.
        pauses: take any step back of the counter of a format for a full turn of it, as after a
            pause of more than half of its range: 4.2 s of .bin, 8.4 s of EVT 3.0. Where a clock
            does not begin anew, this changes nothing.
        truncated: take what is whole of a file whose end, or beginning, is missing.
        format: its name, for files that nothing tells; see docs/event-files.md.

    Returns:
        the events, and per event what else the file holds (``extra``).

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it is no regular file, or cannot be read.
        EventFileError: a ValueError; the file has no known format, is damaged or cut, has an event
            outside the sensor, or its clock jumps back. It names the byte.
        ImportError: a packed AEDAT 4 file without the extra ``data``.
        TypeError: an instant that is no whole number, or a sensor that is no `Sensor`.
        ValueError: an unknown format, or a window that ends before it begins.

    >>> import tempfile
    >>> from axonal.datasets import Recording, Sensor, read, write_es
    >>> made = Recording.of([5, 9], [0, 3], [1, 1], [0, 1], Sensor(4, 2, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = read(write_es(f"{folder}/a.es", made), start=6)
    >>> found.times.tolist(), found.x.tolist(), found.sensor == made.sensor
    ([9], [3], True)
    """
    low, high = _window("read", start, stop)
    with Source.open(path) as source:
        chosen = _format(source, format)
        with_sensor, pieces = chosen.open(source, Request(sensor, truncated, sort, pauses))
        columns = Columns(source.size // 2)
        for piece in _between(pieces, low, high, sorted_=not sort):
            columns.add(piece)
    return columns.recording(with_sensor, sort=sort)


def stream(
    path: str | PathLike[str],
    *,
    events: int = 1_000_000,
    start: int | None = None,
    stop: int | None = None,
    sensor: Sensor | None = None,
    pauses: bool = False,
    truncated: bool = False,
    format: str | None = None,
) -> Iterator[Recording]:
    """Events of a file, some at a time, for files that are larger than the memory.

    Args:
        path: of the file.
        events: number of events per recording; the last one may have fewer.
        start: see `read`, as all that follow.
        stop: first instant that is not wanted any more.
        sensor: the geometry.
        pauses: take any step back of the counter of a format for a full turn of it.
        truncated: take what is whole of a file that is cut.
        format: its name, for files that nothing tells.

    Yields:
        recordings that follow one another in time.

    Raises:
        FileNotFoundError: see `read`, as all others.

    >>> import tempfile
    >>> from axonal.datasets import Recording, Sensor, stream, write_es
    >>> made = Recording.of([1, 5, 9], [0, 1, 2], 0, 0, Sensor(3, 1, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_es(f"{folder}/a.es", made)
    ...     [part.times.tolist() for part in stream(file, events=2)]
    [[1, 5], [9]]
    """
    events = whole_number("stream", "events", events)
    low, high = _window("stream", start, stop)
    with Source.open(path) as source:
        chosen = _format(source, format)
        with_sensor, pieces = chosen.open(
            source, Request(sensor, truncated, pauses=pauses, who="stream")
        )
        columns = Columns(events)
        for piece in _between(pieces, low, high, sorted_=True):
            at = 0
            while at < len(piece.times):
                part = _part(piece, slice(at, at + events - columns.count))
                columns.add(part)
                at += len(part.times)
                if columns.count == events:
                    yield columns.recording(with_sensor)
                    columns = Columns(events)
        if columns.count:
            yield columns.recording(with_sensor)


def _window(who: str, start: object, stop: object) -> tuple[int, int]:
    low = -FARTHEST if start is None else whole_number(who, "start", start, -FARTHEST, FARTHEST)
    high = FARTHEST if stop is None else whole_number(who, "stop", stop, -FARTHEST, FARTHEST)
    if high < low:
        raise ValueError(f"{who} expects start <= stop in microseconds, got {start} and {stop}.")
    return low, high


def _format(source: Source, name: str | None) -> Format:
    if name is not None:
        return FORMATS[one_of("read", "format", name, FORMATS)]
    return recognised(source)


def _between(pieces: Iterator[Piece], low: int, high: int, *, sorted_: bool) -> Iterator[Piece]:
    """Events of a window; of sorted ones, nothing behind it is decoded."""
    for piece in pieces:
        if not sorted_:
            inside = (piece.times >= low) & (piece.times < high)
            yield piece if inside.all() else _part(piece, inside)
            continue
        first, last = piece.times.searchsorted([low, high])
        whole = first == 0 and last == len(piece.times)
        yield piece if whole else _part(piece, slice(int(first), int(last)))
        if last < len(piece.times):
            return


def _part(piece: Piece, chosen: slice | BoolArray) -> Piece:
    extra = {name: values[chosen] for name, values in piece.extra.items()}
    return Piece(piece.times[chosen], piece.addresses[chosen], extra)
