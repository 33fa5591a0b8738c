"""Description of event data, in an answer that JSON holds."""

from pathlib import Path
from typing import Any

from axonal.cli._event_folder import listed
from axonal.cli._event_paths import Kind, event_set, kind_of
from axonal.cli._event_reading import Reading
from axonal.datasets import Sensor, read_header
from axonal.datasets.sets import verify
from axonal.datasets.sets.known_set import known_set


def describe(path: Path, reading: Reading, dataset: str | None) -> dict[str, Any]:
    """Description of what lies at a path: format, sensor, events, times, rate, classes.

    Raises:
        ValueError, OSError: what it is cannot be told, or cannot be read.
    """
    kind = kind_of(path, dataset)
    answer: dict[str, Any] = {"path": str(path), "kind": kind.value}
    if kind is Kind.recording:
        return answer | recording_facts(path, reading)
    if kind is Kind.folder:
        return answer | _folder(path, reading)
    if kind is Kind.data_set:
        return answer | _data_set(path, dataset)
    answer |= {"bytes": path.stat().st_size, **event_set(path, kind).info()}
    if kind is Kind.store:
        origin = read_header(path).origin
        answer |= {"source": origin.source, "transforms": list(origin.transforms)}
    return answer


def recording_facts(path: Path, reading: Reading) -> dict[str, Any]:
    """Numbers of a recording, which is read once and not held."""
    title = reading.title(path)
    events = brighter = 0
    first = last = None
    sensor: Sensor | None = reading.sensor
    extra: list[str] = []
    for piece in reading.pieces(path):
        sensor, extra = piece.sensor, list(piece.extra)
        if not len(piece):
            continue
        first = int(piece.times[0]) if first is None else first
        last = int(piece.times[-1])
        events += len(piece)
        brighter += int((piece.addresses >= sensor.width * sensor.height).sum())
    span = (last or 0) - (first or 0)
    return {
        "format": title,
        "bytes": path.stat().st_size,
        "sensor": None if sensor is None else [sensor.width, sensor.height, sensor.polarities],
        "events": events,
        "brighter": brighter if sensor is not None and sensor.polarities == 2 else None,
        "first_microsecond": first,
        "last_microsecond": last,
        "seconds": span / 1e6,
        "events_per_second": events / span * 1e6 if span else None,
        "extra": extra,
    }


def _folder(path: Path, reading: Reading) -> dict[str, Any]:
    """Names and numbers of recordings; one is looked into, for the format."""
    classes, files = listed(path)
    labels = [label for _, label in files]
    first = next(reading.pieces(files[0][0]), None)
    sensor = reading.sensor if first is None else first.sensor
    return {
        "format": reading.title(files[0][0]),
        "sensor": None if sensor is None else [sensor.width, sensor.height, sensor.polarities],
        "samples": len(files),
        "bytes": sum(file.stat().st_size for file, _ in files),
        "classes": {name: labels.count(label) for label, name in enumerate(classes)},
    }


def _data_set(path: Path, dataset: str | None) -> dict[str, Any]:
    """Splits that are there, and what the manifest says of them."""
    known = known_set(path, dataset)
    assert known is not None
    splits = known.present(path)
    inside = "NMNIST" if (path / "NMNIST").is_dir() else None
    found = verify(known.manifest, path, splits=splits or None, inside=inside)
    return {
        "name": known.manifest.name,
        "published_by": known.manifest.source,
        "splits": splits,
        "not_there": [split for split in known.manifest.files if split not in splits],
        "remarks": list(found.remarks),
    }
