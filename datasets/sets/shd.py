"""Spiking Heidelberg Digits and Spiking Speech Commands."""

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike

from axonal.datasets._shd import read_shd
from axonal.datasets.events import EventSet
from axonal.datasets.sets._told import log_remarks, title
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.verify import verify

_HOST = "https://zenkelab.org/datasets/"


def _listed(name: str, md5: str) -> tuple[ListedFile]:
    archive = f"{name}.h5.zip"
    return (ListedFile(archive, md5=md5, urls=(_HOST + archive,), gives=(f"{name}.h5",)),)


SHD = Manifest(
    name="SHD",
    folders=("shd", "SHD"),
    source="zenkelab.org, Spiking Heidelberg Datasets",
    files={
        "train": _listed("shd_train", "f3252aeb598ac776c1b526422d90eecb"),
        "test": _listed("shd_test", "1503a5064faa34311c398fb0a1ed0a6f"),
    },
)
SSC = Manifest(
    name="SSC",
    folders=("ssc", "SSC"),
    source=SHD.source,
    files={
        "train": _listed("ssc_train", "d102be95e7144fcc0553d1f45ba94170"),
        "valid": _listed("ssc_valid", "b4eee3516a4a90dd0c71a6ac23a8ae43"),
        "test": _listed("ssc_test", "a35ff1e9cffdd02a20eb850c17c37748"),
    },
)
SAMPLES = {
    "SHD": {"train": 8156, "test": 2264},
    "SSC": {"train": 75_466, "valid": 9981, "test": 20_382},
}


def shd(
    folder: str | PathLike[str] | None = None,
    *,
    splits: Sequence[str] = ("train", "test"),
    download: bool = False,
    again: bool = False,
) -> dict[str, EventSet]:
    """Spiking Heidelberg Digits: zero to nine in English and German, 700 channels, 12 speakers.

    8156 samples for training and 2264 for testing, the split of its authors: two of the speakers
    are only in the test. ``groups["speaker"]`` is the speaker. Times are in microseconds, from
    seconds in float16, whose steps are 0.5 ms near 1 s.

    Args:
        folder: that holds ``shd_train.h5`` and ``shd_test.h5``, or their archives; by default
            ``shd`` in the folder that AXONAL_DATA names.
        splits: those that are read.
        download: see `verify`, which holds the folder against the checksums.
        again: see `verify`.

    Returns:
        the samples by split, with 20 classes.

    Raises:
        FileNotFoundError: what is missing, with its checksum.
        ValueError: a file that is damaged, or an unknown split.

    Source: Cramer, Stradmann, Schemmel and Zenke, IEEE TNNLS 33, 2022 (arXiv 1910.07407).

    >>> from axonal.datasets.sets import shd
    >>> shd("/nowhere", splits=["test"])
    Traceback (most recent call last):
    FileNotFoundError: SHD is not whole in /nowhere: shd_test.h5.zip (size not known, MD5
    1503a5064faa34311c398fb0a1ed0a6f) is missing, or what it holds, shd_test.h5: get it from
    zenkelab.org, Spiking Heidelberg Datasets; write download=True.
    """
    return _read(SHD, folder, splits, download, again)


def ssc(
    folder: str | PathLike[str] | None = None,
    *,
    splits: Sequence[str] = ("train", "valid", "test"),
    download: bool = False,
    again: bool = False,
) -> dict[str, EventSet]:
    """Spiking Speech Commands: 35 words, 700 channels, the recordings of Google Speech Commands.

    75 466 samples for training, 9981 for validation and 20 382 for testing, the split of its
    authors. Arguments, results and errors are those of `shd`, in a folder ``ssc``.

    Source: Cramer, Stradmann, Schemmel and Zenke, IEEE TNNLS 33, 2022 (arXiv 1910.07407).

    >>> from axonal.datasets.sets import ssc
    >>> ssc(splits=["validation"])
    Traceback (most recent call last):
    ValueError: SSC has the splits train, valid, test; got ['validation']. Write splits=('train',)
    for one of them.
    """
    return _read(SSC, folder, splits, download, again)


def _read(
    manifest: Manifest,
    folder: str | PathLike[str] | None,
    splits: Sequence[str],
    download: bool,
    again: bool,
) -> dict[str, EventSet]:
    found = verify(manifest, folder, splits=splits, download=download, again=again)
    log_remarks(manifest.name, found)
    sets = {}
    for split in splits:
        events = read_shd(found.folder / manifest.files[split][0].gives[0])
        name = title(manifest.name, split, len(events), SAMPLES[manifest.name][split])
        sets[split] = replace(events, name=name)
    return sets
