"""Samples of a data set made into a set once, and kept in a file that is found again."""

import hashlib
import json
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar, overload

from axonal.datasets._cache import VARIABLE, cache_folder
from axonal.datasets.events import EventSet, Recording, Sensor
from axonal.datasets.sets._gathered import gathered
from axonal.datasets.store import Origin, StreamedSample, open_events, write_events

T = TypeVar("T")
Cache = str | PathLike[str] | bool
FORMAT = 2
"""Raised when files that an earlier version kept must not be read."""
_log = logging.getLogger("axonal")


class Lazy(Sequence[StreamedSample]):
    """Samples that are made when they are asked for, so that a conversion goes on where it stopped.

    Args:
        items: what each is made from, such as its file.
        make: makes one.
    """

    def __init__(self, items: Sequence[T], make: Callable[[T], StreamedSample]) -> None:
        self._items, self._make = items, make

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> StreamedSample: ...
    @overload
    def __getitem__(self, index: slice) -> "Lazy": ...
    def __getitem__(self, index: int | slice) -> "StreamedSample | Lazy":
        """Make one, or say which."""
        if isinstance(index, slice):
            return Lazy(self._items[index], self._make)
        return self._make(self._items[index])

    def __iter__(self) -> Iterator[StreamedSample]:
        return map(self._make, self._items)


def sample(recording: Recording, label: int, start: int = 0, **groups: int) -> StreamedSample:
    """A sample on its way into a set, from a recording that memory holds."""
    return StreamedSample((recording,), label, start, groups)


def kept(
    samples: Callable[[], Iterable[StreamedSample]],
    *,
    sources: Sequence[Path],
    settings: Any,
    cache: Cache,
    sensor: Sensor,
    classes: Sequence[str],
    name: str,
) -> EventSet:
    """The set that was made before from the same files by the same settings, or a new one.

    A file is taken for the same by its path, size and time of change. Where nothing can be written,
    a warning says so, and the set is made in memory.

    Args:
        samples: gives the samples from the first one on, at every call.
        sources: files that decide them.
        settings: what else does, as JSON holds it.
        cache: folder that keeps the set; True for the user's, False for none.
        sensor: the geometry.
        classes: name of each class.
        name: of the data.
    """
    if cache is False:
        return gathered(samples(), sensor=sensor, classes=classes, name=name)
    origin = Origin(_state(sources), (settings, {"format": FORMAT}))
    text = json.dumps([name, origin.source, list(origin.transforms)], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:20]
    folder = (cache_folder() if cache is True else Path(cache)) / "sets"
    path = folder / f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')[:60]}-{key}.axe"
    try:
        return open_events(path, expect=origin)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        _log.info("made again: %s", error)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write_events(
            path,
            samples(),
            sensor=sensor,
            classes=classes,
            name=name,
            origin=origin,
            progress=sys.stderr.isatty(),
        )
    except OSError as error:
        # if it is the data that cannot be read, what follows says so
        found = gathered(samples(), sensor=sensor, classes=classes, name=name)
        warnings.warn(
            f"{name} is not kept in {folder} ({error}), so it is made anew every time: set "
            f"{VARIABLE} to a folder that can be written, or write cache=False.",
            stacklevel=3,
        )
        return found


def _state(sources: Sequence[Path]) -> str:
    """A text that changes when one of the files does."""
    digest = hashlib.sha256()
    for path in sources:
        facts = path.stat()
        digest.update(f"{path.absolute()}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return f"state:{digest.hexdigest()}"
