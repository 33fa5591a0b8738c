"""A folder with a folder of recordings per class, read one by one."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from axonal._base.progress import bar
from axonal.cli._event_reading import Reading
from axonal.datasets import Origin, Recording, Sensor, StreamedSample
from axonal.datasets.events.encoding import MOST_PERIODS, PERIOD

LATEST = MOST_PERIODS * PERIOD


@dataclass
class ClassFolder:
    """Recordings as samples that are read when they are asked for.

    Attributes:
        files: each with its label, -1 for a file that lies in no folder of a class.
        classes: names of the folders; numbers are in the order of numbers.
        reading: options.
        rebase: whether samples begin at their first event.
        sensor: that of all recordings.
        lost: names of columns that a set of events does not hold: those of the first recording, and
            more as they are met; a conversion that goes on meets what is left.
    """

    files: list[tuple[Path, int]]
    classes: tuple[str, ...]
    reading: Reading
    rebase: bool
    sensor: Sensor
    lost: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, path: Path, reading: Reading, rebase: bool) -> "ClassFolder":
        """The recordings of a folder, or of a file, which is one sample without a label.

        Raises:
            ValueError: a folder without recordings.
        """
        classes, files = listed(path)
        first = next(reading.pieces(files[0][0]), None)
        sensor = reading.sensor if first is None else first.sensor
        if sensor is None:
            raise ValueError(f"{files[0][0]} has no event: write --sensor 128x128x2, say.")
        lost = set() if first is None else set(first.extra)
        return cls(files, classes, reading, rebase, sensor, lost)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> StreamedSample:
        path, label = self.files[index]
        pieces = self._pieces(path)
        first = next(pieces, None)
        if first is None:
            return StreamedSample((), label)
        begin = int(first.times[0])
        if not self.rebase and not 0 <= begin < LATEST:
            raise ValueError(
                f"{path} has a clock that begins at {begin} microseconds, expected 0 to {LATEST}: "
                "write --rebase, so that the sample begins at its first event."
            )
        return StreamedSample(
            itertools.chain([first], pieces), label, start=begin if self.rebase else 0
        )

    def _pieces(self, path: Path) -> Iterator[Recording]:
        for piece in self.reading.pieces(path):
            if piece.sensor != self.sensor:
                raise ValueError(
                    f"{path} is of {piece.sensor}, and {self.files[0][0]} of {self.sensor}: "
                    "samples of one set have one sensor. "
                    "Write --sensor WIDTHxHEIGHTxPOLARITIES for all."
                )
            self.lost |= set(piece.extra)
            if len(piece):
                yield replace(piece, extra={})

    def origin(self, progress: bool) -> Origin:
        """Hash of names and content of all files, and the options that they are read with."""
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        with bar("hashing", len(self.files), unit="files", shown=progress) as step:
            for path, label in self.files:
                digest.update(f"{label} {Origin.of_files([path]).source}\n".encode())
                step()
        options = {**self.reading.described(), "rebase": self.rebase}
        return Origin(f"sha256:{digest.hexdigest()}", ({"name": "read", **options},))


def listed(path: Path) -> tuple[tuple[str, ...], list[tuple[Path, int]]]:
    """Names of the classes, and every recording with its label.

    Raises:
        ValueError: there are none.
    """
    if not path.is_dir():
        return (), [(path, -1)]
    below = sorted(filter(_seen, path.iterdir()), key=_order)
    folders = [one for one in below if one.is_dir()]
    # what lies beside folders of classes is a text about them, or their table
    groups = [(folder, label) for label, folder in enumerate(folders)] or [(path, -1)]
    files = [
        (file, label)
        for folder, label in groups
        for file in sorted(filter(_seen, folder.iterdir()), key=_order)
        if file.is_file()
    ]
    if not files:
        raise ValueError(
            f"{path} holds no recordings: expected files, or a folder of files per class."
        )
    return tuple(folder.name for folder in folders), files


def _seen(path: Path) -> bool:
    return not path.name.startswith(".")


def _order(path: Path) -> tuple[int, int, str]:
    """Numbers as numbers, then words."""
    number = path.stem.isascii() and path.stem.isdecimal()
    return (0, int(path.stem), path.name) if number else (1, 0, path.name)
