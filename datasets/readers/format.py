"""One format of files of events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from axonal.datasets.events import Sensor
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source


class Opened(NamedTuple):
    """The sensor of a file, and its events."""

    sensor: Sensor
    pieces: Iterator[Piece]


@dataclass(frozen=True)
class Format:
    """A format: how it is told, how it is read, and where its layout is published.

    Args:
        name: by which it may be asked for.
        title: in tables.
        matches: whether a file that begins like this has the format.
        open: reads the header, and gives the events a piece at a time.
        sensor: geometry of files that do not name one, in words.
        clock: width of the counter, and what happens when it is full, in words.
        kept: what becomes of everything that is no event, in words.
        layout: where it is published.
        checked: recordings and other programs that its reader was held against.
    """

    name: str
    title: str
    matches: Callable[[bytes], bool]
    open: Callable[[Source, Request], Opened]
    sensor: str
    clock: str
    kept: str
    layout: str
    checked: str
