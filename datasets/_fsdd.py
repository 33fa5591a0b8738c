"""Spoken digits as spikes: the Free Spoken Digit Dataset through a cochlea of our own."""

import dataclasses
import hashlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from axonal.datasets._cache import cache_folder, cached
from axonal.datasets._data_dir import data_folder
from axonal.datasets._front_end import FrontEnd
from axonal.datasets._hair_cells import HairCells
from axonal.datasets._mel_delta import MelDelta
from axonal.datasets._mel_quantiles import MelQuantiles
from axonal.datasets._wav import read_wav
from axonal.datasets.binning.binned import Binned
from axonal.datasets.binning.grid import Grid
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.sensor import Sensor

SOURCE = "github.com/Jakobovski/free-spoken-digit-dataset (its folder recordings)"
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TAKES = 50  # of each digit by each speaker
TEST_TAKES = 5  # the first ones of each
FRONT_ENDS: dict[str, type[FrontEnd]] = {
    "mel": MelDelta,
    "gammatone": HairCells,
    "quantiles": MelQuantiles,
}
SPLITS = ("official", "speaker")
SHORTEST, LONGEST = 0.05, 5.0  # seconds


def fsdd(
    front_end: str | FrontEnd = "mel",
    *,
    dt: float = 0.01,
    steps: int = 60,
    split: str = "official",
    held_out: Sequence[str] = ("lucas", "theo"),
    folder: str | PathLike[str] | None = None,
    cache: str | PathLike[str] | bool = True,
) -> dict[str, Binned]:
    """Spoken digits zero to nine by six speakers, 3000 recordings, as spikes on a time grid.

    | split | test | validation | train |
    |---|---|---|---|
    | official | takes 0 to 4 of each digit and speaker, 300 | 252 of the rest | 2448 |
    | speaker | all of ``held_out``, 1000 for two speakers | a tenth of the rest | the rest |

    A recording that is not for testing is for validation if sha256(file name) mod 10 == 0. So the
    validation of the split "speaker" has the speakers of its training.

    The spikes are kept in the cache under the hash of all recordings and settings of the front end.

    Args:
        front_end: "mel" for `MelDelta`, "gammatone" for `HairCells`, "quantiles" for
            `MelQuantiles`, or one of them with settings of its own.
        dt: seconds per step, a whole number of microseconds.
        steps: steps T of every sample; 60 of 10 ms are longer than 89 % of the recordings, of the
            others the end is left out.
        split: "official" or "speaker".
        held_out: speakers to be tested in the split "speaker": of george, jackson, lucas, nicolas,
            theo and yweweler, which are 0 to 5 in ``groups["speaker"]`` of the events.
        folder: that holds ``recordings``; by default ``fsdd`` in the folder that AXONAL_DATA names.
        cache: folder of the cache; True for the one that AXONAL_CACHE names (or ``axonal`` among
            the user's caches), False for none.

    Returns:
        The samples of "train", "validation" and "test", each with ``dense`` for rasters
        ``[T, B, channels]`` and ``events`` for the spikes themselves.

    Raises:
        ValueError: an unknown name, settings out of range, a recording that is damaged, of another
            rate or of a length that no spoken digit has, a folder that does not hold them all.
        FileNotFoundError: no data; the message says what to get and where to put it.

    Source: Jackson et al., Free Spoken Digit Dataset, zenodo.org, doi 10.5281/zenodo.1342401.

    >>> fsdd("ear")
    Traceback (most recent call last):
    ValueError: fsdd expects front_end 'mel', 'gammatone', 'quantiles' or such an object, got 'ear'.
    """
    if split not in SPLITS:
        raise ValueError(f"fsdd expects split 'official' or 'speaker', got {split!r}.")
    unknown = [repr(name) for name in held_out if name not in SPEAKERS]
    if isinstance(held_out, str) or unknown or not 0 < len(set(held_out)) < len(SPEAKERS):
        raise ValueError(
            f"fsdd expects held_out as some, not all, of {', '.join(SPEAKERS)}, got {held_out!r}."
        )
    if isinstance(dt, (int, float)) and dt >= 1:
        raise ValueError(
            f"fsdd expects dt in seconds, far below the second that a digit lasts, got {dt!r}. Is "
            "it in milliseconds? Write for example dt=0.01."
        )
    ear, grid = _front_end(front_end), Grid(dt, steps)
    recordings = data_folder(folder, "fsdd", "recordings", SOURCE)
    where = cache_folder() if cache is True else None if cache is False else Path(cache)
    everything = _spikes(ear, recordings, where)
    parts = np.array([_part(name, split, held_out) for name in file_names()])
    return {
        part: Binned(
            everything.select(np.flatnonzero(parts == part), f"spoken digits ({split}, {part})"),
            grid,
        )
        for part in ("train", "validation", "test")
    }


def file_names() -> list[str]:
    """Names of all recordings, in the order of the events."""
    return [f"{d}_{who}_{take}.wav" for d in range(10) for who in SPEAKERS for take in range(TAKES)]


def _front_end(front_end: str | FrontEnd) -> FrontEnd:
    if isinstance(front_end, str) and front_end in FRONT_ENDS:
        return FRONT_ENDS[front_end]()
    if isinstance(front_end, FrontEnd):
        return front_end
    raise ValueError(
        f"fsdd expects front_end 'mel', 'gammatone', 'quantiles' or such an object, got "
        f"{front_end!r}."
    )


def _part(name: str, split: str, held_out: Sequence[str]) -> str:
    _, speaker, take = name.removesuffix(".wav").split("_")
    if (int(take) < TEST_TAKES) if split == "official" else (speaker in held_out):
        return "test"
    tenth = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10
    return "validation" if tenth == 0 else "train"


def _spikes(front_end: FrontEnd, recordings: Path, cache: Path | None) -> EventSet:
    """Events of all recordings, in the order of `file_names`."""
    paths = [recordings / name for name in file_names()]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise ValueError(
            f"{recordings} holds {len(paths) - len(missing)} of {len(paths)} recordings, "
            f"{missing[0]} is missing: copy it again from {SOURCE}."
        )
    content = hashlib.sha256()
    for path in paths:
        content.update(f"{path.name} {path.stat().st_size}\n".encode())
        content.update(path.read_bytes())
    decides = {
        "front end": type(front_end).__name__,
        "settings": dataclasses.asdict(front_end),
        "recordings": content.hexdigest(),
    }
    return cached("fsdd", decides, cache, lambda: _encoded(front_end, paths))


def _encoded(front_end: FrontEnd, paths: Sequence[Path]) -> EventSet:
    sounds = [read_wav(path, front_end.rate) for path in paths]
    for path, sound in zip(paths, sounds, strict=True):
        seconds = len(sound) / front_end.rate
        if not SHORTEST <= seconds <= LONGEST:
            raise ValueError(
                f"{path} lasts {seconds:.3f} s, a spoken digit {SHORTEST:g} to {LONGEST:g} s: copy "
                f"it again from {SOURCE}."
            )
    spikes = front_end.encode(sounds)
    about = [path.stem.split("_") for path in paths]
    return EventSet.of(
        np.concatenate([times for times, _ in spikes]),
        np.concatenate([units for _, units in spikes]),
        np.cumsum([0] + [len(times) for times, _ in spikes]),
        np.array([int(digit) for digit, *_ in about]),
        sensor=Sensor(front_end.channels),
        classes=DIGITS,
        name="spoken digits",
        groups={"speaker": np.array([SPEAKERS.index(speaker) for _, speaker, _ in about])},
    )
