"""Everything about event data that can be checked, read once."""

from pathlib import Path
from typing import Any

from axonal._base.progress import bar
from axonal.cli._event_folder import listed
from axonal.cli._event_info import recording_facts
from axonal.cli._event_paths import Kind, kind_of
from axonal.cli._event_reading import Reading
from axonal.datasets import EventSet, check_events, read_shd
from axonal.datasets.sets.known_set import known_set


def check(
    path: Path,
    reading: Reading,
    dataset: str | None,
    splits: list[str] | None,
    *,
    progress: bool,
) -> dict[str, Any]:
    """Read all of it, and say how much was found right.

    Raises:
        ValueError: what is damaged, out of order or outside the sensor, by its place.
        OSError: what is missing or cannot be read.
    """
    kind = kind_of(path, dataset)
    if splits and kind is not Kind.data_set:
        raise ValueError(f"--split goes with the folder of a published data set, not with {path}.")
    answer: dict[str, Any] = {"path": str(path), "kind": kind.value}
    if kind is Kind.store:
        events = check_events(path)
        return answer | _counts(events) | {"checked": ["checksums", "order", "addresses"]}
    if kind is Kind.spikes:
        events = read_shd(path)
        return answer | _counts(events) | {"checked": ["order", "addresses"]}
    if kind is Kind.recording:
        facts = recording_facts(path, reading)
        named = {key: facts[key] for key in ("format", "events")}
        return answer | named | {"checked": ["layout", "order", "addresses"]}
    if kind is Kind.data_set:
        return answer | _data_set(path, dataset, splits)
    _, files = listed(path)
    total = 0
    with bar("reading", len(files), unit="files", shown=progress) as step:
        for number, (file, _) in enumerate(files):
            total += sum(len(piece) for piece in reading.pieces(file))
            step(number + 1, f"{total} events")
    return answer | {
        "samples": len(files),
        "events": total,
        "checked": ["layout", "order", "addresses"],
    }


def _data_set(path: Path, dataset: str | None, splits: list[str] | None) -> dict[str, Any]:
    """A data set by its manifest, then its samples."""
    known = known_set(path, dataset)
    assert known is not None
    wanted = splits or list(known.manifest.files)
    # what is missing of any split is the answer, before hours of reading
    found = known.read_all(path, wanted)
    return {
        "name": known.manifest.name,
        "splits": {split: _counts(events) for split, events in found.items()},
        "checked": ["manifest", "order", "addresses"],
    }


def _counts(events: EventSet) -> dict[str, int]:
    return {"samples": len(events), "events": events.event_count}
