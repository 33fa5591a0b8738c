"""Spike trains that are slow to make, kept on disk under the hash of all that decides them."""

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from axonal.datasets.events.event_set import EventSet
from axonal.datasets.store import Origin, check_events, save_events

VARIABLE = "AXONAL_CACHE"
FORMAT = 2  # raised when files of an earlier version must not be read
DAMAGED = (OSError, ValueError)


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
    path = folder / f"{name}-{key[:20]}.axe"
    try:
        return check_events(path)
    except DAMAGED:
        events = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_events(path, events, origin=Origin(key))
    except OSError as error:
        warnings.warn(
            f"spikes are not kept in {folder} ({error}), so they are made anew every "
            f"time: set {VARIABLE} to a folder that can be written.",
            stacklevel=3,
        )
    return events
