"""A set in memory as a file."""

from os import PathLike
from pathlib import Path

import numpy as np

from axonal._base.files import whole_file
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.store._sections import append, close, write_all
from axonal.datasets.store.header import COLUMNS, GROUPS, PREFIX, Section
from axonal.datasets.store.origin import Origin

NOWHERE = Origin()


def save_events(path: str | PathLike[str], events: EventSet, *, origin: Origin = NOWHERE) -> Path:
    """Write a set that lies in memory, for `open_events`.

    Args:
        path: of the file; it is replaced if it exists, and whole at every moment.
        events: the set.
        origin: what it was made from.

    Returns:
        the path.

    Raises:
        OSError: the path cannot be written; the line says why.

    >>> import tempfile
    >>> from axonal.datasets import EventSet, Sensor, open_events, save_events
    >>> events = EventSet.of([3], [1], [0, 1], [0], sensor=Sensor(2), classes=("a",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(open_events(save_events(f"{folder}/a.axe", events)))
    1
    """
    names = ("addresses", "low", *COLUMNS)
    arrays = {name: getattr(events, name) for name in names}
    arrays |= {f"{GROUPS}{name}": events.groups[name] for name in sorted(events.groups)}
    about = {
        "sensor": events.sensor,
        "classes": events.classes,
        "name": events.name,
        "origin": origin,
    }
    with whole_file(path) as part, part.open("xb", buffering=0) as file:
        write_all(file, bytes(PREFIX.size))
        sections = {}
        for name, array in arrays.items():
            plain = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            offset, _, digest = append(file, [plain] if plain.size else [])
            sections[name] = Section(plain.dtype.str, len(plain), offset, digest)
        close(file, about, sections)
    return Path(path)
