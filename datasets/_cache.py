"""Spike trains that are slow to make, kept on disk under the hash of all that decides them."""

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from axonal._base.files import whole_file
from axonal._base.npz import read_npz
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.sensor import Sensor

VARIABLE = "AXONAL_CACHE"
FORMAT = 2  # raised when files of an earlier version must not be read
ARRAYS = ("low", "addresses", "boundaries", "first_period", "starts", "labels")
DAMAGED = (OSError, ValueError, KeyError, TypeError, OverflowError)


def cache_folder() -> Path:
    """The folder that AXONAL_CACHE names, or ``axonal`` among the user's caches."""
    folder = os.environ.get(VARIABLE)
    if folder:
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser(), "axonal")


def cached(
    name: str, decides: Mapping[str, Any], folder: Path | None, make: Callable[[], EventSet]
) -> EventSet:
    """Load what ``make`` made before from the same ``decides``, or make and keep it.

    A file that is damaged or not whole is made again. Where nothing can be written, a warning says
    so and nothing is kept.

    Args:
        name: begins the name of the file.
        decides: everything that the events depend on, as JSON can hold it.
        folder: of the cache; None to keep nothing.
        make: makes the events.
    """
    if folder is None:
        return make()
    text = json.dumps({"format": FORMAT, **decides}, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()
    path = folder / f"{name}-{key[:20]}.npz"
    try:
        return _load(path)
    except DAMAGED:
        events = make()
    try:
        _save(path, events)
    except OSError as error:
        warnings.warn(
            f"spikes are not kept in {folder} ({error}), so they are made anew every "
            f"time: set {VARIABLE} to a folder that can be written.",
            stacklevel=3,
        )
    return events


def _load(path: Path) -> EventSet:
    file = read_npz(path)
    arrays: dict[str, Any] = {name: file[name] for name in ARRAYS}
    width, height, polarities = map(int, file["sensor"])
    groups = {name[7:]: array for name, array in file.items() if name.startswith("groups/")}
    classes = tuple(map(str, file["classes"]))
    sensor = Sensor(width, height, polarities)
    events = EventSet(
        **arrays, sensor=sensor, classes=classes, name=str(file["name"]), groups=groups
    )
    events.check()
    return events


def _save(path: Path, events: EventSet) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sensor = events.sensor
    arrays = {name: getattr(events, name) for name in ARRAYS}
    arrays |= {f"groups/{name}": array for name, array in events.groups.items()}
    arrays["classes"], arrays["name"] = np.asarray(events.classes), np.asarray(events.name)
    arrays["sensor"] = np.asarray([sensor.width, sensor.height, sensor.polarities])
    with whole_file(path) as part, part.open("xb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
