"""Google Speech Commands through a cochlea of our own."""

import dataclasses
import functools
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from axonal._base.files import check_source
from axonal.datasets._front_end import FrontEnd
from axonal.datasets._mel_delta import MelDelta
from axonal.datasets._wav import read_wav
from axonal.datasets.events import EventSet, Recording, Sensor
from axonal.datasets.sets._kept import Cache, Lazy, kept, sample
from axonal.datasets.sets._told import log_remarks, title
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.verify import verify
from axonal.datasets.store import StreamedSample

WORDS = (
    "backward", "bed", "bird", "cat", "dog", "down", "eight", "five", "follow", "forward", "four",
    "go", "happy", "house", "learn", "left", "marvin", "nine", "no", "off", "on", "one", "right",
    "seven", "sheila", "six", "stop", "three", "tree", "two", "up", "visual", "wow", "yes", "zero",
)  # fmt: skip
_LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
_ARCHIVE = ListedFile(
    "speech_commands_v0.02.tar.gz",
    size=2_428_923_189,
    sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
    urls=("http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",),
    gives=tuple(_LISTS.values()),
)
GSC = Manifest(
    name="Speech Commands",
    folders=("gsc", "speech_commands_v0.02", "SpeechCommands/speech_commands_v0.02"),
    source="Google, Speech Commands v0.02 (download.tensorflow.org/data)",
    files=dict.fromkeys(("train", "validation", "test"), (_ARCHIVE,)),
)
SAMPLES = {"train": 84_843, "validation": 9981, "test": 11_005}
RATE = 16_000


def gsc(
    front_end: FrontEnd | None = None,
    *,
    folder: str | PathLike[str] | None = None,
    splits: Sequence[str] = ("train", "validation", "test"),
    download: bool = False,
    again: bool = False,
    cache: Cache = True,
) -> dict[str, EventSet]:
    """Google Speech Commands v0.02 as spikes: 35 words, 105 829 recordings of at most a second.

    The split is that of ``validation_list.txt`` and ``testing_list.txt``; the rest is for training,
    84 843, 9981 and 11 005 recordings. Background noise is left out.

    Args:
        front_end: a cochlea for 16 kHz; by default ``MelDelta(rate=16_000, highest=7800)``.
        folder: that holds a folder per word and both lists, or the archive; by default ``gsc`` in
            the folder that AXONAL_DATA names.
        splits: those that are read.
        download: see `verify`.
        again: see `verify`.
        cache: folder that keeps the samples once they are read, so that they are mapped from one
            file afterwards; True for the one that AXONAL_CACHE names (or ``axonal`` among the
            user's caches), False for none.

    Returns:
        the samples by split.

    Raises:
        TypeError: another front end.
        FileNotFoundError: what is missing, with its size and checksum.
        ValueError: a front end of another rate, a recording that is damaged, an unknown split.

    Source: Warden, arXiv 1804.03209, 2018. The layout is the published one; the data were not at
    hand.

    >>> from axonal.datasets import MelDelta
    >>> from axonal.datasets.sets import gsc
    >>> gsc(MelDelta())
    Traceback (most recent call last):
    ValueError: gsc expects a front end for 16000 samples per second, got 8000. Write for example
    MelDelta(rate=16000, highest=7800).
    """
    ear = MelDelta(rate=RATE, highest=7800) if front_end is None else front_end
    if not isinstance(ear, FrontEnd):
        raise TypeError(f"gsc expects a front end such as MelDelta(rate=16000), got {ear!r}.")
    if ear.rate != RATE:
        raise ValueError(
            f"gsc expects a front end for {RATE} samples per second, got {ear.rate}. Write for "
            f"example MelDelta(rate={RATE}, highest=7800)."
        )
    found = verify(GSC, folder, splits=splits, download=download, again=again)
    log_remarks(GSC.name, found)
    listed = {split: _listed(found.folder / name) for split, name in _LISTS.items()}
    held = set().union(*listed.values())
    names = [f"{word}/{p.name}" for word in WORDS for p in (found.folder / word).glob("*.wav")]
    sets = {}
    for split in splits:
        chosen = sorted(
            n for n in names if (n in listed[split] if split in listed else n not in held)
        )
        paths = [found.folder / one for one in chosen]
        sets[split] = kept(
            functools.partial(Lazy, paths, functools.partial(_sample, ear)),
            sources=paths,
            settings=[type(ear).__name__, dataclasses.asdict(ear)],
            cache=cache,
            sensor=Sensor(ear.channels),
            classes=WORDS,
            name=title(GSC.name, split, len(chosen), SAMPLES[split]),
        )
    return sets


def _listed(table: Path) -> set[str]:
    check_source(table)
    return set(table.read_text().split())


def _sample(ear: FrontEnd, path: Path) -> StreamedSample:
    ((times, units),) = ear.encode([read_wav(path, ear.rate)])
    recording = Recording.of(times, units, 0, 0, Sensor(ear.channels))
    return sample(recording, WORDS.index(path.parent.name))
