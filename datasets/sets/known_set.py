"""Published data sets that are told by their folders."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from axonal.datasets.events import EventSet
from axonal.datasets.sets.cifar10_dvs import CIFAR10_DVS, cifar10_dvs
from axonal.datasets.sets.dvs_gesture import DVS_GESTURE, dvs_gesture
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
    "cifar10-dvs": KnownSet(CIFAR10_DVS, cifar10_dvs, keeps=True),
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
