"""A writer of events that is killed at any moment goes on, and ends in the identical file."""

import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from axonal.datasets import (
    LabelledRecording,
    Origin,
    Recording,
    Sensor,
    check_events,
    write_events,
)
from axonal.datasets.store import _parts, _write

SENSOR = Sensor(32, 32, 2)
KILLS = 20


def samples(count: int = 15) -> list[LabelledRecording]:
    rng = np.random.default_rng(0)
    found = []
    for k in range(count):
        times = np.sort(rng.integers(0, 200_000, 300))
        addresses = rng.integers(0, SENSOR.channels, 300).astype(np.uint32)
        groups = {"session": k % 3}
        found.append(LabelledRecording(Recording(times, addresses, SENSOR), k % 2, k, groups))
    return found


MADE = samples()


def write(path: Path, origin: Origin) -> None:
    write_events(path, MADE, sensor=SENSOR, classes=("a", "b"), name="made", origin=origin)


def forked(work: Callable[[], None]) -> int:
    """Start something in a process of its own."""
    process = os.fork()
    if process:
        return process
    try:
        # every piece is brought to the disk, so that there is much to be stopped in
        _parts.COMMIT_SECONDS, _write.PIECE = 0.0, 100
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "origin", [Origin("made"), Origin("sha256:" + 64 * "0")], ids=["text", "hash"]
)
def test_what_is_killed_goes_on_and_ends_in_the_identical_file(
    origin: Origin, tmp_path: Path
) -> None:
    path, whole = tmp_path / "a.axe", tmp_path / "whole.axe"
    begun = time.monotonic()
    assert os.waitpid(forked(lambda: write(whole, origin)), 0)[1] == 0
    enough = time.monotonic() - begun
    expected = whole.read_bytes()
    check_events(whole)
    path.write_text("old")
    r, kills, finished, longest = random.Random(0), 0, 0, 0
    while kills < KILLS:
        process = forked(lambda: write(path, origin))
        time.sleep(r.uniform(0, enough / 3))
        os.kill(process, signal.SIGKILL)
        ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        assert ended in (0, -signal.SIGKILL)
        content = path.read_bytes()
        assert content in (b"old", expected)
        kills += ended != 0
        journal = tmp_path / ".a.axe.work" / "journal"
        longest = max(longest, journal.stat().st_size if journal.exists() else 0)
        if content == expected:  # begin again with an old file
            finished += 1
            assert os.waitpid(forked(lambda: write(path, origin)), 0)[1] == 0
            path.write_text("old")
    assert longest > 0  # what was killed had begun
    write(path, origin)
    assert path.read_bytes() == expected
    assert sorted(os.listdir(tmp_path)) == ["a.axe", "whole.axe"]
