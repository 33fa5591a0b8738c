"""Event data from one form into another; what was stopped goes on."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from axonal._base.files import check_target
from axonal.cli._event_folder import ClassFolder
from axonal.cli._event_paths import Kind, event_set, kind_of, one_of_many
from axonal.cli._event_reading import Reading
from axonal.datasets import (
    EventSet,
    Origin,
    Recording,
    Sensor,
    open_events,
    write_es,
    write_events,
    write_evt2,
    write_shd,
)
from axonal.datasets.sets.known_set import KnownSet, known_set

STORE, SPIKES = ".axe", ".h5"
ARRAYS = ("low", "addresses", "boundaries", "first_period", "starts", "labels")
WRITERS = {".es": write_es, ".raw": write_evt2}


@dataclass(frozen=True)
class Request:
    """A conversion as it was asked for.

    Attributes:
        path: of what there is.
        out: of what is to be.
        reading: options of recordings.
        rebase: whether samples begin at their first event.
        sample: one of many.
        dataset: name of a published data set.
        splits: of it; None for those that are there.
        force: whether something else is replaced.
        progress: whether bars are shown.
    """

    path: Path
    out: Path
    reading: Reading
    rebase: bool = False
    sample: int | None = None
    dataset: str | None = None
    splits: list[str] | None = None
    force: bool = False
    progress: bool = True


def convert(request: Request) -> dict[str, Any]:
    """Convert, and say what was written.

    Raises:
        ValueError: a form that does not fit what there is; a file that would be replaced.
        OSError: something is missing, cannot be read or written, or the disk is full.
    """
    kind = kind_of(request.path, request.dataset)
    suffix = request.out.suffix.lower()
    if request.splits and kind is not Kind.data_set:
        raise ValueError(
            f"--split goes with the folder of a published data set, not with {request.path}."
        )
    if kind is Kind.data_set:
        return _data_set(request)
    if suffix not in (STORE, SPIKES, *WRITERS):
        raise ValueError(
            f"OUT takes a name that ends in {', '.join((STORE, SPIKES, *WRITERS))}, got "
            f"{request.out}."
        )
    check_target(request.out)
    if request.out.exists() and request.out.samefile(request.path):
        raise ValueError(f"{request.out} is what is to be converted: write another name.")
    if suffix in WRITERS:
        return _recording(request, kind, suffix)
    if suffix == SPIKES:
        return _spikes(request, kind)
    if request.sample is not None:
        raise ValueError(f"--sample goes with {' and '.join(WRITERS)}, which hold one recording.")
    if kind in (Kind.store, Kind.spikes):
        _without_options(request)
        events = event_set(request.path, kind)
        return _stored(request.out, events, Origin.of_files([request.path]), events, request)
    folder = ClassFolder.of(request.path, request.reading, request.rebase)
    answer = _stored(request.out, folder, folder.origin(request.progress), None, request)
    return answer | {"left_out": sorted(folder.lost)}


def _recording(request: Request, kind: Kind, suffix: str) -> dict[str, Any]:
    """One recording as a file that other programs read."""
    if kind is Kind.folder:
        raise ValueError(
            f"{suffix} holds one recording, and {request.path} is a folder: write {STORE}."
        )
    recording: Recording
    if kind is Kind.recording:
        if request.sample is not None:
            raise ValueError(f"--sample goes with files of many samples, not {request.path}.")
        recording = request.reading.recording(request.path)
    else:
        _without_options(request)
        recording = one_of_many(event_set(request.path, kind), request.sample).recording
    if request.rebase and len(recording):
        recording = replace(recording, times=recording.times - recording.times[0])
    _free(request)
    WRITERS[suffix](request.out, recording)
    return {
        "file": str(request.out),
        "events": len(recording),
        "bytes": request.out.stat().st_size,
        "left_out": sorted(recording.extra),
    }


def _spikes(request: Request, kind: Kind) -> dict[str, Any]:
    if kind not in (Kind.store, Kind.spikes):
        raise ValueError(
            f"SHD's layout holds labelled samples: convert {request.path} to {STORE} first."
        )
    _without_options(request)
    _free(request)
    events = event_set(request.path, kind)
    # float16, as in SHD, would move times by up to 0.25 ms
    write_shd(request.out, events, precision="float32")
    lost = [name for name in events.groups if name != "speaker"]
    lost += ["starts"] if events.starts.any() else []
    lost += ["rows and polarities"] if events.sensor != Sensor(events.sensor.channels) else []
    return _facts(request.out, events) | {"left_out": sorted(lost)}


def _stored(
    out: Path, samples: Any, origin: Origin, like: EventSet | None, request: Request
) -> dict[str, Any]:
    """Samples as one file of events, unless it is there already."""
    about: Any = samples if like is None else like
    if out.exists() and not request.force:
        try:
            return _facts(out, open_events(out, expect=origin)) | {"was_there": True}
        except ValueError as error:
            raise ValueError(f"{str(error).rstrip('.')}. Write --force to replace it.") from error
    events = write_events(
        out,
        samples,
        sensor=about.sensor,
        classes=about.classes,
        name=out.stem if like is None else like.name,
        origin=origin,
        progress=request.progress,
    )
    return _facts(out, events)


def _data_set(request: Request) -> dict[str, Any]:
    """A published data set, a file per split."""
    known = known_set(request.path, request.dataset)
    assert known is not None
    _without_options(request)
    splits = request.splits or known.present(request.path) or list(known.manifest.files)
    known.manifest.of(splits)
    if request.out.suffix.lower() == STORE and len(splits) > 1:
        raise ValueError(
            f"{known.manifest.name} has {len(splits)} splits here: write a folder, or --split "
            f"{splits[0]} for one file."
        )
    single = request.out.suffix.lower() == STORE
    if not single:
        request.out.mkdir(parents=True, exist_ok=True)
    answers = {}
    for split in splits:
        out = request.out if single else request.out / f"{split}{STORE}"
        check_target(out)
        answers[split] = _split(request, known, split, out)
    return {"name": known.manifest.name, "splits": answers}


def _split(request: Request, known: KnownSet, split: str, out: Path) -> dict[str, Any]:
    events = known.load(request.path, [split])[split]
    return _stored(out, events, _content(events), events, request)


def _content(events: EventSet) -> Origin:
    """Hash of samples as they were read: what lies unpacked has no checksum of its own."""
    digest = hashlib.sha256(f"{events.name} {events.sensor} {events.classes}".encode())
    arrays = {name: getattr(events, name) for name in ARRAYS} | dict(events.groups)
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype} {len(array)}".encode())
        digest.update(array.data)
    return Origin(f"sha256:{digest.hexdigest()}")


def _without_options(request: Request) -> None:
    """Refuse options of recordings where samples are given as they are."""
    foreign = [f"--{name}" for name in request.reading.described()]
    foreign += ["--rebase"] if request.rebase and request.out.suffix not in WRITERS else []
    if foreign:
        raise ValueError(f"{foreign[0]} is for recordings, and {request.path} holds samples.")


def _free(request: Request) -> None:
    if request.out.exists() and not request.force:
        raise ValueError(f"{request.out} is there already: write --force to replace it.")


def _facts(out: Path, events: EventSet) -> dict[str, Any]:
    return {
        "file": str(out),
        "samples": len(events),
        "events": events.event_count,
        "classes": len(events.classes),
        "bytes": out.stat().st_size,
    }
