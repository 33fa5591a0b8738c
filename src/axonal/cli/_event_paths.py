"""Kinds of data at a path: a recording, samples in a file, a published data set, class folders."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from axonal._base.files import check_source
from axonal.datasets import EventSet, open_events, read_shd
from axonal.datasets.sets.known_set import known_set
from axonal.datasets.store.header import MAGIC

HDF5 = b"\x89HDF\r\n\x1a\n"


class Kind(StrEnum):
    """The kinds of things that the commands take."""

    store = "events"
    spikes = "SHD's layout"
    recording = "recording"
    data_set = "data set"
    folder = "folder"


def kind_of(path: Path, dataset: str | None = None) -> Kind:
    """The kind of what lies at a path.

    Raises:
        FileNotFoundError: there is nothing.
        OSError: it is neither a regular file nor a folder.
        ValueError: a name of a data set that is none, or one for a file.
    """
    if path.is_dir():
        return Kind.data_set if known_set(path, dataset) is not None else Kind.folder
    check_source(path)
    if dataset is not None:
        raise ValueError(f"--dataset goes with a folder, and {path} is a file.")
    with path.open("rb") as file:
        head = file.read(len(HDF5))
    if head == MAGIC:
        return Kind.store
    return Kind.spikes if head == HDF5 and _holds_spikes(path) else Kind.recording


def event_set(path: Path, kind: Kind) -> EventSet:
    """Samples of a file of them."""
    return open_events(path) if kind is Kind.store else read_shd(path)


def _holds_spikes(path: Path) -> bool:
    """Whether an HDF5 file has the group that SHD's layout has; readers look at the rest."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return "spikes" in file
    except (OSError, RuntimeError, ValueError):
        return False


def one_of_many(events: EventSet, sample: int | None) -> Any:
    """One sample of a set, which has to be named where there are several.

    Raises:
        IndexError: there is no such sample.
        ValueError: none is named.
    """
    if sample is None:
        if len(events) != 1:
            raise ValueError(
                f"{events.name} has {len(events)} samples: write --sample 0, or another."
            )
        sample = 0
    if sample >= len(events):
        raise IndexError(f"{events.name} has {len(events)} samples, from 0; got --sample {sample}.")
    return events[sample]
