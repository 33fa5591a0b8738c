"""The same bytes, read here and by the libraries that people use."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT, event_files, needs

from axonal.datasets import Recording, Sensor, read, write_es, write_evt2

EVENTS = [(7 * k * k, k * 5 % 64, k * 7 % 48, k * k % 3 % 2) for k in range(300)]
Columns = dict[str, np.ndarray]


def by_peer(peer: str, path: Path) -> Columns:
    needs.require("peers")
    out = path.with_suffix(".npz")
    script = ROOT / "tests" / "scripts" / "read_by_peers.py"
    command = [needs.PEERS, script, peer, path, out]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(command, check=True, capture_output=True, timeout=600, env=env)
    with np.load(out) as found:
        return dict(found)


def same(found: Recording, theirs: Columns) -> None:
    assert len(found) == len(theirs["t"])
    np.testing.assert_array_equal(found.times, theirs["t"])
    for name in "xy":
        np.testing.assert_array_equal(getattr(found, name), theirs[name])


LAID_OUT: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "evt3, faery": ("faery", "a.raw", lambda: event_files.evt3(EVENTS)),
    "evt3, evlib": ("evlib", "a.raw", lambda: event_files.evt3(EVENTS)),
    "evt2.1, evlib": ("evlib", "a.raw", lambda: event_files.evt21(EVENTS)),
    "evt2, faery": ("faery", "a.raw", lambda: event_files.evt2(EVENTS)),
    "evt2, expelliarmus": ("expelliarmus evt2", "a.raw", lambda: event_files.evt2(EVENTS)),
    "dat, expelliarmus": ("expelliarmus dat", "a.dat", lambda: event_files.dat(EVENTS)),
    "dat, faery": ("faery", "a.dat", lambda: event_files.dat(EVENTS)),
    "es, event_stream": ("event_stream", "a.es", lambda: event_files.es_dvs(EVENTS)),
    "aedat4, aedat": (
        "aedat",
        "a.aedat4",
        lambda: event_files.aedat4(*map(event_files.aedat4_packet, (EVENTS[:99], EVENTS[99:]))),
    ),
}


@pytest.mark.parametrize("name", LAID_OUT)
def test_bytes_laid_out_by_hand_are_the_same_to_a_peer(name: str, tmp_path: Path) -> None:
    peer, file, content = LAID_OUT[name]
    path = tmp_path / file
    path.write_bytes(content())
    found, theirs = read(path), by_peer(peer, path)
    same(found, theirs)
    np.testing.assert_array_equal(found.p, theirs["p"] if "p" in theirs else theirs["on"])


def test_events_of_an_atis_are_the_same_to_a_peer(tmp_path: Path) -> None:
    path = tmp_path / "a.es"
    path.write_bytes(event_files.es_atis([(*one, k % 2) for k, one in enumerate(EVENTS)]))
    found, theirs = read(path), by_peer("event_stream", path)
    same(found, theirs)
    np.testing.assert_array_equal(found.p, theirs["p"])
    np.testing.assert_array_equal(found.extra["threshold_crossing"], theirs["e"])


def test_generic_events_are_the_same_to_a_peer(tmp_path: Path) -> None:
    path = tmp_path / "a.es"
    data = [bytes(range(k % 256)) * (k % 3) for k in range(300)]
    events = [(t, one) for (t, *_), one in zip(EVENTS, data, strict=True)]
    path.write_bytes(event_files.es_generic(events))
    found, theirs = read(path), by_peer("event_stream", path)
    np.testing.assert_array_equal(found.times, theirs["t"])
    np.testing.assert_array_equal(found.extra["size"], theirs["size"])
    rows = zip(found.extra["data"], theirs["size"], strict=True)
    flat = np.concatenate([row[:size] for row, size in rows])
    np.testing.assert_array_equal(flat, theirs["data"])


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("prophesee/evt3_sample.raw", "evlib"),
        ("event_stream/evt2.raw", "expelliarmus evt2"),
        ("event_stream/evt2.raw", "faery"),
        ("event_stream/dvs.es", "event_stream"),
        ("event_stream/color.es", "event_stream"),
        ("tonic/sample_ncars.dat", "expelliarmus dat"),
        ("tonic/sample.aedat4", "aedat"),
        ("tonic/sample.aedat4", "faery"),
    ],
)
def test_a_recording_is_the_same_to_a_peer(name: str, peer: str, tmp_path: Path) -> None:
    sample = needs.data("event-samples") / name
    path = tmp_path / sample.name
    path.symlink_to(sample)
    found, theirs = read(path), by_peer(peer, path)
    same(found, theirs)
    if "r" in theirs:
        np.testing.assert_array_equal(found.extra["rgb"], np.stack([theirs[c] for c in "rgb"], 1))
    else:
        np.testing.assert_array_equal(found.p, theirs["p"] if "p" in theirs else theirs["on"])


def test_evt3_is_the_same_to_faery_but_for_steps_back_of_the_camera(tmp_path: Path) -> None:
    sample = needs.data("event-samples") / "prophesee" / "evt3_sample.raw"
    path = tmp_path / sample.name
    path.symlink_to(sample)
    found, theirs = read(path), by_peer("faery", path)
    for name, other in (("x", "x"), ("y", "y"), ("p", "on")):
        np.testing.assert_array_equal(getattr(found, name), theirs[other])
    # Nine times a word tells a time up to 11 microseconds ahead, and the next one takes it back,
    # without an event between them. faery holds its clock until the time has caught up.
    ahead = theirs["t"].astype(np.int64) - found.times
    assert (ahead.min(), ahead.max(), np.count_nonzero(ahead)) == (0, 11, 1455)


@pytest.mark.parametrize(
    ("write", "file", "peer"),
    [
        (write_es, "a.es", "event_stream"),
        (write_evt2, "a.raw", "expelliarmus evt2"),
        (write_evt2, "a.raw", "faery"),
    ],
)
def test_what_is_written_here_is_the_same_to_a_peer(
    write: Callable[..., Path], file: str, peer: str, tmp_path: Path
) -> None:
    recording = Recording.of(*map(list, zip(*EVENTS, strict=True)), Sensor(64, 48, 2))
    theirs = by_peer(peer, write(tmp_path / file, recording))
    same(recording, theirs)
    np.testing.assert_array_equal(recording.p, theirs["p"] if "p" in theirs else theirs["on"])
