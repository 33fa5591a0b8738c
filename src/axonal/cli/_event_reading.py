"""Recordings as the options of the command line ask for them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from axonal.datasets import EventFileError, Recording, Sensor, read, stream
from axonal.datasets.readers.formats import recognised
from axonal.datasets.readers.source import Source


@dataclass(frozen=True)
class Reading:
    """The options with which recordings are read; None is what the file says.

    Attributes:
        sensor: the geometry.
        format: its name.
        start: first microsecond.
        stop: first microsecond that is not wanted any more.
        truncated: whether what is whole of a file that is cut is wanted.
        sort: whether events are sorted, for which all of a file is held.
        pauses: whether any step back of a counter is a full turn of it.
    """

    sensor: Sensor | None = None
    format: str | None = None
    start: int | None = None
    stop: int | None = None
    truncated: bool = False
    sort: bool = False
    pauses: bool = False

    @classmethod
    def of(cls, *, sensor: str | None = None, **options: Any) -> "Reading":
        """The options, with the sensor as it is written.

        >>> Reading.of(sensor="34x34x2").sensor
        Sensor(width=34, height=34, polarities=2)
        """
        return cls(None if sensor is None else sensor_of(sensor), **options)

    def recording(self, path: Path) -> Recording:
        """All events of a file, in memory."""
        options = self._options()
        with _told(path):
            return read(path, sort=self.sort, **options)

    def pieces(self, path: Path) -> Iterator[Recording]:
        """Events of a file, some at a time."""
        if self.sort:
            yield self.recording(path)
            return
        options = self._options()
        with _told(path):
            yield from stream(path, **options)

    def _options(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "sort"}

    def title(self, path: Path) -> str:
        """Name of the format of a file."""
        if self.format is not None:
            return self.format
        with Source.open(path) as source, _told(path):
            return recognised(source).title

    def described(self) -> dict[str, Any]:
        """Settings that the events depend on beside the files, as JSON holds them."""
        size = self.sensor
        plain = vars(replace(self, sensor=None)) | {
            "sensor": None if size is None else [size.width, size.height, size.polarities]
        }
        return {name: value for name, value in plain.items() if value not in (None, False)}


def sensor_of(text: str) -> Sensor:
    """A sensor from WIDTH, WIDTHxHEIGHT or WIDTHxHEIGHTxPOLARITIES.

    Raises:
        ValueError: another text.

    >>> sensor_of("700").channels
    700
    """
    parts = text.lower().split("x")
    if not 1 <= len(parts) <= 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise ValueError(f"--sensor takes 700, 128x128 or 128x128x2, say; got {text!r}.")
    return Sensor(*map(int, parts))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Name the options of the command line where the readers name arguments."""
    try:
        yield
    except EventFileError as error:
        raise ValueError(_options(str(error))) from error
    except ValueError as error:
        text = str(error)
        raise ValueError(_options(text if str(path) in text else f"{path}: {text}")) from error


def _options(text: str) -> str:
    """A message of the readers in the words of the command line.

    >>> _options("read(path, truncated=True) gives what is whole")
    '--truncated gives what is whole'
    >>> _options("Write read(path, sensor=Sensor(width, height, 2)).")
    'Write --sensor WIDTHxHEIGHTx2.'
    """
    text = re.sub(
        r"read\(path, sensor=Sensor\(width, height, (\d)\)\)", r"--sensor WIDTHxHEIGHTx\1", text
    )
    text = re.sub(r"read\(path, (truncated|sort|pauses)=True\)", r"--\1", text)
    text = re.sub(r"read\(path, (\w+)=\.\.\.\)", r"--\1", text)
    return re.sub(r"\b(truncated|sort|pauses)=True", r"--\1", text)
