"""DVS128 Gesture: recordings of AEDAT 3.1, each with a table of when which gesture is made."""

import csv
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from axonal._base.files import check_source
from axonal.datasets.events import Recording
from axonal.datasets.readers.event_file_error import EventFileError
from axonal.datasets.readers.reading import read

CLASSES = 11
FIELDS = ("class", "startTime_usec", "endTime_usec")
LARGEST = 1 << 20


class Gesture(NamedTuple):
    """A gesture.

    Attributes:
        recording: its events, on the clock of the whole recording.
        label: 0 to 10, the class of the table less one.
        start: first instant, in microseconds.
        stop: first instant behind it.
    """

    recording: Recording
    label: int
    start: int
    stop: int


def read_gestures(
    path: str | PathLike[str], labels: str | PathLike[str] | None = None
) -> Iterator[Gesture]:
    """The gestures of one recording of DVS128 Gesture.

    A line of the table is ``class,startTime_usec,endTime_usec``, under a line with these words.

    Args:
        path: of the recording, AEDAT 3.1.
        labels: of its table; by default the file beside it that ends in ``_labels.csv``.

    Yields:
        a gesture per line of the table, in the order of time.

    Raises:
        FileNotFoundError: one of both files is not there.
        OSError: it is no regular file, or cannot be read.
        EventFileError: a ValueError; a file that is damaged or has another layout.

    Source: Amir et al., A Low Power, Fully Event-Based Gesture Recognition System, CVPR 2017.

    >>> next(read_gestures("user01.aedat"))
    Traceback (most recent call last):
    FileNotFoundError: there is no file user01_labels.csv
    """
    path = Path(path)
    table = path.with_name(f"{path.stem}_labels.csv") if labels is None else Path(labels)
    for label, start, stop in sorted(_lines(table), key=lambda line: line[1]):
        yield Gesture(read(path, start=start, stop=stop), label, start, stop)


def _lines(table: Path) -> Iterator[tuple[int, int, int]]:
    """Label, start and stop of every line.

    Raises:
        EventFileError: a line that is none.
    """
    check_source(table)
    content = table.read_bytes()
    if len(content) > LARGEST:
        raise EventFileError(table, LARGEST, "a table of gestures that is far too long.")
    at = 0
    for number, raw in enumerate(content.splitlines(keepends=True)):
        fields = next(csv.reader([raw.decode("ascii", errors="replace").strip()]), [])
        if number == 0:
            if tuple(fields) != FIELDS:
                raise EventFileError(table, 0, f"expected the line {','.join(FIELDS)}.")
        elif fields:
            if len(fields) != 3 or not all(one.isdecimal() and len(one) < 19 for one in fields):
                raise EventFileError(table, at, "expected three whole numbers: class, start, end.")
            label, start, stop = map(int, fields)
            if not 1 <= label <= CLASSES or stop < start:
                raise EventFileError(
                    table, at, f"class {label} from {start} to {stop}; classes are 1 to {CLASSES}."
                )
            yield label - 1, start, stop
        at += len(raw)
