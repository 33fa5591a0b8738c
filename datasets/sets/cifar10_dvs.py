"""CIFAR10-DVS: images of CIFAR-10 that move before an event camera."""

import functools
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from axonal.datasets.events import EventSet, Sensor
from axonal.datasets.readers import read
from axonal.datasets.sets._kept import Cache, Lazy, kept, sample
from axonal.datasets.sets._told import log_remarks, title
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.split_index import split_index
from axonal.datasets.sets.verify import verify
from axonal.datasets.store import StreamedSample

_ARCHIVES = {
    "airplane": (7712788, "0afd5c4bf9ae06af762a77b180354fdd"),
    "automobile": (7712791, "8438dfeba3bc970c94962d995b1b9bdd"),
    "bird": (7712794, "a9c207c91c55b9dc2002dc21c684d785"),
    "cat": (7712812, "52c63c677c2b15fa5146a8daf4d56687"),
    "deer": (7712815, "b6bf21f6c04d21ba4e23fc3e36c8a4a3"),
    "dog": (7712818, "f379ebdf6703d16e0a690782e62639c3"),
    "frog": (7712842, "cad6ed91214b1c7388a5f6ee56d08803"),
    "horse": (7712851, "e7cbbf77bec584ffbf913f00e682782a"),
    "ship": (7712836, "41c7bd7d6b251be82557c6cce9a7d5c9"),
    "truck": (7712839, "89f3922fd147d9aeff89e76a2b0b70a7"),
}
_FILES = tuple(
    ListedFile(
        f"{name}.zip",
        md5=md5,
        urls=(f"https://ndownloader.figshare.com/files/{number}",),
        gives=(name,),
    )
    for name, (number, md5) in _ARCHIVES.items()
)
CIFAR10_DVS = Manifest(
    name="CIFAR10-DVS",
    folders=("cifar10-dvs", "cifar10_dvs", "CIFAR10DVS"),
    source="figshare.com, CIFAR10-DVS_New/4724671",
    files={"train": _FILES, "test": _FILES},
)
CLASSES = tuple(_ARCHIVES)
PER_CLASS = 1000
TEST_PER_CLASS = 100
CAMERA = Sensor(128, 128, 2)
INDEX_SHA256 = "dbc320eb219ae46129dae2306f1f092e05de8adace541f730ca30663201682ef"


def cifar10_dvs(
    folder: str | PathLike[str] | None = None,
    *,
    splits: Sequence[str] = ("train", "test"),
    download: bool = False,
    again: bool = False,
    cache: Cache = True,
) -> dict[str, EventSet]:
    """CIFAR10-DVS: 128 x 128 pixels, ten classes of 1000 recordings.

    Its authors give no split. Here 100 recordings of each class are for testing: those whose names,
    ``cifar10_<class>_<number>.aedat``, come first in the order of their sha256. The list ships with
    the package. Results that were got with other splits are not comparable to the last point.

    Args:
        folder: that holds a folder per class, or their archives; by default ``cifar10-dvs`` in the
            folder that AXONAL_DATA names.
        splits: those that are read.
        download: see `verify`.
        again: see `verify`.
        cache: folder that keeps the samples once they are read, so that they are mapped from one
            file afterwards; True for the one that AXONAL_CACHE names (or ``axonal`` among the
            user's caches), False for none.

    Returns:
        the samples by split; ``groups["index"]`` is the number in the name.

    Raises:
        FileNotFoundError: what is missing, with its checksum.
        ValueError: a recording that is damaged, by its name and byte; an unknown split.

    Source: Li, Liu, Ji, Li and Shi, Frontiers in Neuroscience 11:309, 2017. The layout is the
    published one; no recording of it was at hand.

    >>> from axonal.datasets.sets import cifar10_dvs
    >>> cifar10_dvs(splits=["valid"])
    Traceback (most recent call last):
    ValueError: CIFAR10-DVS has the splits train, test; got ['valid']. Write splits=('train',) for
    one of them.
    """
    found = verify(CIFAR10_DVS, folder, splits=splits, download=download, again=again)
    log_remarks(CIFAR10_DVS.name, found)
    test = split_index("cifar10_dvs", INDEX_SHA256)
    sets = {}
    for split in splits:
        paths = [
            path
            for label, kind in enumerate(CLASSES)
            for path in _recordings(found.folder / kind, kind)
            if (_number(path) in test[kind]) == (split == "test")
        ]
        whole = len(CLASSES) * (TEST_PER_CLASS if split == "test" else PER_CLASS - TEST_PER_CLASS)
        sets[split] = kept(
            functools.partial(Lazy, paths, _sample),
            sources=paths,
            settings=CIFAR10_DVS.name,
            cache=cache,
            sensor=CAMERA,
            classes=CLASSES,
            name=title(CIFAR10_DVS.name, split, len(paths), whole),
        )
    return sets


def _number(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])


def _recordings(folder: Path, kind: str) -> list[Path]:
    """Files of a class, by their numbers."""
    paths = list(folder.glob(f"cifar10_{kind}_*.aedat"))
    strange = [p for p in paths if not p.stem.removeprefix(f"cifar10_{kind}_").isdecimal()]
    if strange or not paths:
        what = f"a file {strange[0].name}" if strange else "none"
        raise ValueError(
            f"{folder} should hold recordings cifar10_{kind}_<number>.aedat, got {what}. Is it the "
            "folder of an archive of CIFAR10-DVS?"
        )
    return sorted(paths, key=_number)


def _sample(path: Path) -> StreamedSample:
    recording = read(path, sensor=CAMERA)
    start = int(recording.times[0]) if len(recording) else 0
    return sample(recording, CLASSES.index(path.parent.name), start, index=_number(path))
