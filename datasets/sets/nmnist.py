"""N-MNIST: the digits of MNIST, shown to a moving event camera."""

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
from axonal.datasets.sets.verify import verify
from axonal.datasets.store import StreamedSample

NMNIST = Manifest(
    name="N-MNIST",
    folders=("nmnist", "NMNIST", "nmnist-small"),
    source="Mendeley Data, doi 10.17632/468j46mzdv",
    files={
        "train": (
            ListedFile("train.zip", md5="20959b8e626244a1b502305a9e6e2031", gives=("Train",)),
        ),
        "test": (ListedFile("test.zip", md5="69ca8762b2fe404d9b9bad1103e97832", gives=("Test",)),),
    },
)
SAMPLES = {"train": 60_000, "test": 10_000}
CAMERA = Sensor(34, 34, 2)
CLASSES = tuple(map(str, range(10)))


def nmnist(
    folder: str | PathLike[str] | None = None,
    *,
    splits: Sequence[str] = ("train", "test"),
    download: bool = False,
    again: bool = False,
    cache: Cache = True,
) -> dict[str, EventSet]:
    """N-MNIST: 34 x 34 pixels, two polarities, 0.3 s and three movements of the camera per digit.

    60 000 recordings for training and 10 000 for testing, the split of MNIST. They come in the
    order of MNIST, whose number is ``groups["index"]``, counted from 0 in each split. A folder with
    some of the recordings is used as well: the name of the set says how many there are.

    Args:
        folder: that holds ``Train`` and ``Test``, or their archives, or a folder ``NMNIST`` with
            them; by default ``nmnist`` in the folder that AXONAL_DATA names.
        splits: those that are read.
        download: see `verify`; no address of the archives is known, so what is missing is named.
        again: see `verify`.
        cache: folder that keeps the samples once they are read, so that they are mapped from one
            file afterwards; True for the one that AXONAL_CACHE names (or ``axonal`` among the
            user's caches), False for none.

    Returns:
        the samples by split, with classes "0" to "9".

    Raises:
        FileNotFoundError: what is missing, with its checksum.
        ValueError: a recording that is damaged, by its name and byte; an unknown split.

    Source: Orchard, Jayawant, Cohen and Thakor, Frontiers in Neuroscience 9:437, 2015.

    >>> from axonal.datasets.sets import nmnist
    >>> nmnist("/nowhere", splits=["test"])
    Traceback (most recent call last):
    FileNotFoundError: N-MNIST is not whole in /nowhere: test.zip (size not known, MD5
    69ca8762b2fe404d9b9bad1103e97832) is missing, or what it holds, Test: get it from Mendeley
    Data, doi 10.17632/468j46mzdv.
    """
    found = verify(NMNIST, folder, splits=splits, download=download, again=again, inside="NMNIST")
    log_remarks(NMNIST.name, found)
    sets = {}
    for split in splits:
        paths = _recordings(found.folder / split.capitalize())
        sets[split] = kept(
            functools.partial(Lazy, paths, _sample),
            sources=paths,
            settings=NMNIST.name,
            cache=cache,
            sensor=CAMERA,
            classes=CLASSES,
            name=title(NMNIST.name, split, len(paths), SAMPLES[split]),
        )
    return sets


def _recordings(folder: Path) -> list[Path]:
    """Files of a split in the order of MNIST."""
    paths = [path for digit in range(10) for path in (folder / str(digit)).glob("*.bin")]
    strange = [path for path in paths if not path.stem.isdecimal()]
    if strange or not paths:
        what = f"a file {strange[0].name}" if strange else "none"
        raise ValueError(
            f"{folder} should hold recordings <digit>/<number>.bin, got {what}. Is it the folder "
            "of N-MNIST's archive?"
        )
    return sorted(paths, key=lambda path: int(path.stem))


def _sample(path: Path) -> StreamedSample:
    # nothing in such a file tells its format
    recording = read(path, sensor=CAMERA, format="bin")
    return sample(recording, int(path.parent.name), index=int(path.stem) - 1)
