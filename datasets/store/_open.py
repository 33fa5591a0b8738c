"""Files of events, mapped into memory."""

import functools
import hashlib
import mmap
import os
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray
from axonal._base.files import check_source
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.store.header import COLUMNS, GROUPS, Header, parse
from axonal.datasets.store.origin import Origin

BLOCK = 1 << 24


def open_events(path: str | PathLike[str], *, expect: Origin | None = None) -> EventSet:
    """Open a file of events; they are read from the disk when they are looked at.

    The header is held against its checksum, sizes against the file, and the places of samples and
    periods against each other; the events themselves are read by `check_events`. Any number of
    processes may read one file. A set that goes to another process opens the file there.

    Args:
        path: of the file, which `write_events` or `save_events` wrote.
        expect: what it is to be made from; by default whatever it is.

    Returns:
        the set; its arrays are read-only.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it is no regular file, or cannot be read.
        ValueError: a file that is stale (made from another source, or by other transforms, than
            expected), cut short, damaged, of another kind, or of a newer version.

    >>> import tempfile
    >>> from axonal.datasets import EventSet, Origin, Sensor, open_events, save_events
    >>> events = EventSet.of([0, 900], [0, 3], [0, 2], [0], sensor=Sensor(4), classes=("a",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_events(f"{folder}/a.axe", events, origin=Origin("monday"))
    ...     open_events(path, expect=Origin("monday")).times(0).tolist()
    [0, 900]
    """
    return _opened(Path(path), expect, None)


def read_header(path: str | PathLike[str]) -> Header:
    """The header of a file of events: sensor, classes, origin, arrays.

    Raises:
        FileNotFoundError, OSError, ValueError: as `open_events`.

    >>> read_header("nothing.axe")
    Traceback (most recent call last):
    FileNotFoundError: there is no file nothing.axe
    """
    return _mapped(Path(path))[0]


def check_events(path: str | PathLike[str]) -> EventSet:
    """Read all of a file of events, and refuse it if a byte has changed.

    Returns:
        the set, opened.

    Raises:
        FileNotFoundError, OSError: as `open_events`.
        ValueError: what `open_events` refuses; an array that does not match its checksum; an event
            out of order or outside the sensor.

    >>> check_events("nothing.axe")
    Traceback (most recent call last):
    FileNotFoundError: there is no file nothing.axe
    """
    path = Path(path)
    header, content, _ = _mapped(path)
    for name, part in header.arrays.items():
        digest, size = hashlib.sha256(), int(part.dtype[2:]) * part.length
        for begin in range(part.offset, part.offset + size, BLOCK):
            digest.update(content[begin : min(begin + BLOCK, part.offset + size)])
        if digest.hexdigest() != part.sha256:
            raise ValueError(f"{path} is damaged: {name!r} does not match its checksum.")
    events = open_events(path)
    try:
        events.check()
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    return events


def _opened(path: Path, expect: Origin | None, known: str | None) -> EventSet:
    header, content, digest = _mapped(path)
    if known not in (None, digest):
        raise ValueError(f"{path} was replaced since it was opened: open it again.")
    if expect is not None:
        _check_origin(path, header.origin, expect)
    arrays = {name: _array(content, part) for name, part in header.arrays.items()}
    groups = {
        name[len(GROUPS) :]: arrays[name] for name in sorted(arrays) if name.startswith(GROUPS)
    }
    main: dict[str, Any] = {name: arrays[name] for name in ("low", "addresses", *COLUMNS)}
    reopen = functools.partial(_opened, path.absolute(), None, digest)
    try:
        return EventSet(
            **main,
            sensor=header.sensor,
            classes=header.classes,
            name=header.name,
            groups=groups,
            reopen=reopen,
        )
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def _mapped(path: Path) -> tuple[Header, memoryview, str]:
    check_source(path)
    with path.open("rb") as file:
        # an empty file cannot be mapped
        size = os.fstat(file.fileno()).st_size
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")
    try:
        header, digest = parse(content)
    except ValueError as error:
        raise ValueError(f"{path} {str(error).rstrip('.')}.") from None
    return header, content, digest


def _array(content: memoryview, part: Any) -> AnyArray:
    if not part.length:
        return np.zeros(0, part.dtype)
    return np.frombuffer(content, part.dtype, part.length, part.offset)


def _check_origin(path: Path, found: Origin, expected: Origin) -> None:
    for what, a, b in (
        ("source", found.source, expected.source),
        ("transforms", list(found.transforms), list(expected.transforms)),
    ):
        if a != b:
            raise ValueError(
                f"{path} is stale: it was made from {what} {_short(a)}, expected {_short(b)}. "
                "Write it again."
            )


def _short(value: Any) -> str:
    text = str(value) or "of no name"
    return text if len(text) <= 100 else f"{text[:97]}..."
