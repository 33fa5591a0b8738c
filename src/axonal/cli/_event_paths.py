"""Kinds of data at a path: a recording, samples in a file, a published data set, class folders."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from axonal._base.files import check_source
from axonal.datasets import EventSet, open_events, read_shd, sets
from axonal.datasets.sets.cifar10_dvs import CIFAR10_DVS
from axonal.datasets.sets.dvs_gesture import DVS_GESTURE
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.nmnist import NMNIST
from axonal.datasets.sets.ntidigits import NTIDIGITS
from axonal.datasets.sets.shd import SHD, SSC
from axonal.datasets.store.header import MAGIC

HDF5 = b"\x89HDF\r\n\x1a\n"


class Kind(StrEnum):
    """The kinds of things that the commands take."""

    store = "events"
    spikes = "SHD's layout"
    recording = "recording"
    data_set = "data set"
    folder = "folder"


@dataclass(frozen=True)
class KnownSet:
    """A published data set.

    Attributes:
        manifest: its files.
        function: gives its samples by split.
        keeps: whether that keeps a file of them, from which they are mapped the next time.
        marks: names in its folder by which it is told, beside those of its files.
    """

    manifest: Manifest
    function: Callable[..., dict[str, EventSet]]
    keeps: bool = False
    marks: tuple[str, ...] = ()

    def load(self, folder: Path, splits: list[str]) -> dict[str, EventSet]:
        """Samples by split; a call that was stopped goes on where it stopped if they are kept."""
        return self.function(folder, splits=splits)

    def read_all(self, folder: Path, splits: list[str]) -> dict[str, EventSet]:
        """Samples by split, every byte of the files read for it."""
        fresh = {"cache": False} if self.keeps else {}
        return self.function(folder, splits=splits, again=True, **fresh)

    def present(self, folder: Path) -> list[str]:
        """Splits of which there is something in a folder."""
        return [
            split
            for split, files in self.manifest.files.items()
            if any((folder / name).exists() for file in files for name in (file.name, *file.gives))
            or any((folder / mark.format(split.capitalize())).exists() for mark in self.marks)
        ]


KNOWN = {
    "cifar10-dvs": KnownSet(CIFAR10_DVS, sets.cifar10_dvs, keeps=True),
    "dvs-gesture": KnownSet(DVS_GESTURE, sets.dvs_gesture, True, ("trials_to_train.txt",)),
    "nmnist": KnownSet(NMNIST, sets.nmnist, True, ("NMNIST/{}",)),
    "ntidigits": KnownSet(NTIDIGITS, sets.ntidigits),
    "shd": KnownSet(SHD, sets.shd),
    "ssc": KnownSet(SSC, sets.ssc),
}


def known_set(folder: Path, name: str | None) -> KnownSet | None:
    """The data set that a folder is said to hold, or that it looks like.

    Raises:
        ValueError: a name that is none.
    """
    if name is not None:
        if name not in KNOWN:
            raise ValueError(f"--dataset takes {', '.join(KNOWN)}; got {name!r}.")
        return KNOWN[name]
    # folders of classes may be called Train or cat as well: most of the names have to be there
    for one in KNOWN.values():
        splits = one.present(folder)
        if splits and (one is not KNOWN["cifar10-dvs"] or _all_there(folder, one)):
            return one
    return None


def _all_there(folder: Path, one: KnownSet) -> bool:
    files = next(iter(one.manifest.files.values()))
    found = [any((folder / name).exists() for name in (f.name, *f.gives)) for f in files]
    return sum(found) > len(files) // 2


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
