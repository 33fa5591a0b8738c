"""N-TIDIGITS: spoken digits heard by a silicon cochlea."""

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

from axonal.datasets.events import EventSet
from axonal.datasets.readers.ntidigits import COCHLEA, read_ntidigits
from axonal.datasets.sets._gathered import gathered
from axonal.datasets.sets._kept import sample
from axonal.datasets.sets._told import log_remarks
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.verify import verify
from axonal.datasets.store import StreamedSample

_FILE = ListedFile("n-tidigits.hdf5", md5="360a2d11e5429555c9197381cf6b58e0")
NTIDIGITS = Manifest(
    name="N-TIDIGITS",
    folders=("ntidigits", "NTIDIGITS18", "NTIDIGITS"),
    source="the Sensors Group of the Institute of Neuroinformatics, Zurich (N-TIDIGITS18)",
    files={"train": (_FILE,), "test": (_FILE,)},
)
WORDS = ("o", "1", "2", "3", "4", "5", "6", "7", "8", "9", "z")
"""Names of one digit in those of recordings: "oh" and "zero" are two words."""


def ntidigits(
    folder: str | PathLike[str] | None = None,
    *,
    splits: Sequence[str] = ("train", "test"),
    download: bool = False,
    again: bool = False,
) -> dict[str, EventSet]:
    """N-TIDIGITS: the recordings of a single digit, 11 words, 64 channels.

    The split is that of the file. Recordings of several digits, which have no one label, are left
    out here; `axonal.datasets.read_ntidigits` gives them all.

    Args:
        folder: that holds ``n-tidigits.hdf5``; by default ``ntidigits`` in the folder that
            AXONAL_DATA names.
        splits: those that are read.
        download: see `verify`; no address of the file is known, so what is missing is named.
        again: see `verify`.

    Returns:
        the samples by split, times from the first spike of each.

    Raises:
        FileNotFoundError: what is missing, with its checksum.
        ValueError: a file that is damaged, or an unknown split.

    Source: Anumula, Neil, Delbruck and Liu, Frontiers in Neuroscience 12:23, 2018. The layout is
    the one that `read_ntidigits` describes; the file was not at hand.

    >>> from axonal.datasets.sets import ntidigits
    >>> ntidigits(splits="test")
    Traceback (most recent call last):
    ValueError: N-TIDIGITS has the splits train, test; got 'test'. Write splits=('train',) for one
    of them.
    """
    found = verify(NTIDIGITS, folder, splits=splits, download=download, again=again)
    log_remarks(NTIDIGITS.name, found)
    return {
        split: gathered(
            _samples(found.folder / _FILE.name, split),
            sensor=COCHLEA,
            classes=WORDS,
            name=f"{NTIDIGITS.name} ({split}, single digits)",
        )
        for split in splits
    }


def _samples(path: Path, split: str) -> Iterator[StreamedSample]:
    for recording, digits, _ in read_ntidigits(path, split):
        if digits in WORDS:
            start = int(recording.times[0]) if len(recording) else 0
            yield sample(recording, WORDS.index(digits), start)
