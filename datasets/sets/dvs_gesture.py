"""DVS128 Gesture: hands and arms before an event camera."""

import functools
import re
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

from axonal._base.files import check_source
from axonal.datasets.events import EventSet, Sensor
from axonal.datasets.readers import read_gestures
from axonal.datasets.sets._kept import Cache, kept, sample
from axonal.datasets.sets._told import log_remarks, title
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.verify import verify
from axonal.datasets.store import StreamedSample

_TRIALS = {"train": "trials_to_train.txt", "test": "trials_to_test.txt"}
_ARCHIVE = ListedFile(
    "DvsGesture.tar.gz", md5="8a5c71fb11e24e5ca5b11866ca6c00a1", gives=("DvsGesture",)
)
DVS_GESTURE = Manifest(
    name="DVS128 Gesture",
    folders=("dvs-gesture", "dvs_gesture", "DVSGesture"),
    source="IBM Research, DVS128 Gesture Dataset",
    files=dict.fromkeys(_TRIALS, (_ARCHIVE,)),
)
GESTURES = (
    "hand clapping", "right hand wave", "left hand wave", "right arm clockwise",
    "right arm counter clockwise", "left arm clockwise", "left arm counter clockwise", "arm roll",
    "air drums", "air guitar", "other gestures",
)  # fmt: skip
LIGHTS = ("fluorescent", "fluorescent_led", "lab", "led", "natural")
CAMERA = Sensor(128, 128, 2)
LONGEST_LIST = 1 << 16


def dvs_gesture(
    folder: str | PathLike[str] | None = None,
    *,
    splits: Sequence[str] = ("train", "test"),
    download: bool = False,
    again: bool = False,
    cache: Cache = True,
) -> dict[str, EventSet]:
    """DVS128 Gesture: 11 gestures of 29 people in 5 kinds of light, 128 x 128 pixels.

    The split is that of ``trials_to_train.txt`` and ``trials_to_test.txt``: people 1 to 23 and 24
    to 29. A sample is what a line of a recording's table of labels says, from its start to its end.
    ``groups["user"]`` is the person, ``groups["light"]`` one of fluorescent, fluorescent_led, lab,
    led and natural, 0 to 4. Recordings that are in the list and not in the folder are left out, and
    the name of the set says so.

    Args:
        folder: that holds ``DvsGesture`` or its archive, or is it; by default ``dvs-gesture`` in
            the folder that AXONAL_DATA names.
        splits: those that are read.
        download: see `verify`; no address of the archive is known, so what is missing is named.
        again: see `verify`.
        cache: folder that keeps the samples once they are read, so that they are mapped from one
            file afterwards; True for the one that AXONAL_CACHE names (or ``axonal`` among the
            user's caches), False for none.

    Returns:
        the samples by split, times from the start of each gesture.

    Raises:
        FileNotFoundError: what is missing, with its checksum.
        ValueError: a file that is damaged, by its name and byte; an unknown split.

    Source: Amir et al., A Low Power, Fully Event-Based Gesture Recognition System, CVPR 2017. The
    layout is the published one; no recording of it was at hand.

    >>> from axonal.datasets.sets import dvs_gesture
    >>> dvs_gesture("/nowhere")
    Traceback (most recent call last):
    FileNotFoundError: DVS128 Gesture is not whole in /nowhere: DvsGesture.tar.gz (size not known,
    MD5 8a5c71fb11e24e5ca5b11866ca6c00a1) is missing, or what it holds, DvsGesture: get it from IBM
    Research, DVS128 Gesture Dataset.
    """
    where = Path(folder) if folder is not None else None
    if where is not None and any((where / name).is_file() for name in _TRIALS.values()):
        DVS_GESTURE.of(splits)
    else:
        found = verify(DVS_GESTURE, folder, splits=splits, download=download, again=again)
        log_remarks(DVS_GESTURE.name, found)
        where = found.folder / "DvsGesture"
    sets = {}
    for split in splits:
        listed = _listed(where / _TRIALS[split])
        paths = [path for path in listed if path.exists()]
        if not paths:
            raise FileNotFoundError(
                f"{where} holds none of the {len(listed)} recordings that {_TRIALS[split]} lists: "
                f"get them from {DVS_GESTURE.source}."
            )
        tables = [path.with_name(f"{path.stem}_labels.csv") for path in paths]
        sets[split] = kept(
            functools.partial(_samples, paths),
            sources=[*paths, *(table for table in tables if table.exists())],
            settings=DVS_GESTURE.name,
            cache=cache,
            sensor=CAMERA,
            classes=GESTURES,
            name=title(DVS_GESTURE.name, split, len(paths), len(listed), "recordings"),
        )
    return sets


def _listed(table: Path) -> list[Path]:
    """Recordings that a list of trials names, a line each."""
    check_source(table)
    if table.stat().st_size > LONGEST_LIST:
        raise ValueError(f"{table} has {table.stat().st_size} bytes: it is no list of trials.")
    names = table.read_text(errors="replace").split()
    wrong = next((one for one in names if not re.fullmatch(r"user\d\d_\w+\.aedat", one)), None)
    if wrong is not None or not names:
        raise ValueError(
            f"{table} should list recordings user<number>_<light>.aedat, got {wrong or 'none'!r}."
        )
    return [table.with_name(name) for name in names]


def _samples(paths: list[Path]) -> Iterator[StreamedSample]:
    for path in paths:
        user, _, light = path.stem.removeprefix("user").partition("_")
        if light not in LIGHTS:
            raise ValueError(f"{path} should end in one of {', '.join(LIGHTS)}.")
        groups = {"user": int(user), "light": LIGHTS.index(light)}
        for gesture in read_gestures(path):
            yield sample(gesture.recording, gesture.label, gesture.start, **groups)
