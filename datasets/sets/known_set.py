"""Published data sets that are told by their folders."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from axonal.datasets.events import EventSet
from axonal.datasets.sets.cifar10_dvs import CIFAR10_DVS, cifar10_dvs
from axonal.datasets.sets.dvs_gesture import DVS_GESTURE, dvs_gesture
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.nmnist import NMNIST, nmnist
from axonal.datasets.sets.ntidigits import NTIDIGITS, ntidigits
from axonal.datasets.sets.shd import SHD, SSC, shd, ssc


@dataclass(frozen=True)
class KnownSet:
    """A published data set.

    Attributes:
        manifest: its files.
        function: gives its samples by split.
        keeps: whether that keeps a file of them, from which they are mapped the next time.
        marks: names in its folder by which it is told, beside those of its files.
        by_most: whether most of its files have to be there, since class folders of other data may
            have some of the names.
    """

    manifest: Manifest
    function: Callable[..., dict[str, EventSet]]
    keeps: bool = False
    marks: tuple[str, ...] = ()
    by_most: bool = False

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
            if any(_there(folder, file) for file in files)
            or any((folder / mark.format(split.capitalize())).exists() for mark in self.marks)
        ]

    def told_by(self, folder: Path) -> bool:
        """Whether a folder looks like that of the data set."""
        files = next(iter(self.manifest.files.values()))
        most = sum(_there(folder, file) for file in files) > len(files) // 2
        return bool(self.present(folder)) and (most or not self.by_most)


def _there(folder: Path, file: ListedFile) -> bool:
    """Whether a file lies in a folder, or what it gives when it is unpacked."""
    return any((folder / name).exists() for name in (file.name, *file.gives))


KNOWN = {
    "cifar10-dvs": KnownSet(CIFAR10_DVS, cifar10_dvs, keeps=True, by_most=True),
    "dvs-gesture": KnownSet(DVS_GESTURE, dvs_gesture, True, ("trials_to_train.txt",)),
    "nmnist": KnownSet(NMNIST, nmnist, True, ("NMNIST/{}",)),
    "ntidigits": KnownSet(NTIDIGITS, ntidigits),
    "shd": KnownSet(SHD, shd),
    "ssc": KnownSet(SSC, ssc),
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
    return next((one for one in KNOWN.values() if one.told_by(folder)), None)
