"""A writer of events goes on where it was stopped, refuses what cannot be, says what is missing."""

import dataclasses
import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.event_sets import ABOUT, ORIGIN, SENSOR, drawn, streamed

from axonal.datasets import (
    EventSet,
    LabelledRecording,
    Origin,
    Recording,
    Sensor,
    StreamedSample,
    check_events,
    open_events,
    save_events,
    write_events,
)
from axonal.datasets.store import _parts, _write


class Stop(Exception):
    """What ends a writer."""


def stopping(events: EventSet, after: int, piece: int = 9) -> Iterator[StreamedSample]:
    """Samples in pieces, until so many of them were given."""
    given = 0

    def counted(pieces: Any) -> Iterator[Recording]:
        nonlocal given
        for one in pieces:
            if given == after:
                raise Stop
            given += 1
            yield one

    for one in streamed(events, piece):
        yield StreamedSample(counted(one.pieces), one.label, one.start, one.groups)


@pytest.mark.parametrize("after", [0, 1, 3, 7, 12])
def test_a_stopped_call_goes_on_where_it_stopped(
    after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parts, "COMMIT_SECONDS", 0.0)
    events = drawn(4, 12)
    whole = save_events(tmp_path / "whole", events, origin=ORIGIN).read_bytes()
    about = ABOUT | {"origin": ORIGIN}
    (tmp_path / "a").write_text("old")
    with pytest.raises(Stop):
        write_events(tmp_path / "a", stopping(events, after), **about)
    assert (tmp_path / "a").read_text() == "old"
    # pieces of another size: what counts are the events
    write_events(tmp_path / "a", streamed(events, 5), **about)
    assert (tmp_path / "a").read_bytes() == whole
    assert sorted(os.listdir(tmp_path)) == ["a", "whole"]


HASHED = Origin("sha256:" + 64 * "5")


@pytest.mark.parametrize(
    ("origin", "first"), [(Origin(), 0), (ORIGIN, 0), (Origin("sha256:5"), 0), (HASHED, 5)]
)
def test_samples_that_can_be_indexed_are_read_from_where_their_origin_proves_them(
    origin: Origin, first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parts, "COMMIT_SECONDS", 0.0)
    events = drawn(5, 9)

    class Lazy:
        read: list[int] = []  # noqa: RUF012

        def __len__(self) -> int:
            return len(events)

        def __getitem__(self, index: int) -> LabelledRecording:
            if len(self.read) == 5:
                self.read.append(-1)
                raise Stop
            self.read.append(index)
            return events[index]

    about = ABOUT | {"origin": origin}
    with pytest.raises(Stop):
        write_events(tmp_path / "a", Lazy(), **about)  # type: ignore[arg-type]
    write_events(tmp_path / "a", Lazy(), **about)  # type: ignore[arg-type]
    # what nothing proves is held against the disk
    assert Lazy.read == [0, 1, 2, 3, 4, -1, *range(first, 9)]
    write_events(tmp_path / "whole", events, **about)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("after", range(13))
def test_a_sample_that_is_half_written_is_read_again_and_compared(
    after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parts, "COMMIT_SECONDS", 0.0)
    events, about = drawn(4, 12), ABOUT | {"origin": HASHED}
    with pytest.raises(Stop):
        write_events(tmp_path / "a", stopping(events, after), **about)
    known = _parts.Parts(tmp_path / ".a.work", tmp_path / "a", about).known
    fewer = list(streamed(events, 5))[: max(known.samples - 1, 0)]
    if known.events:
        with pytest.raises(ValueError, match="samples and more, and now there are"):
            write_events(tmp_path / "a", fewer, **about)
    if known.held:
        changed = list(streamed(events, 5))
        changed[known.samples].pieces[0].addresses[0] ^= 1
        with pytest.raises(ValueError, match="has written other events as sample"):
            write_events(tmp_path / "a", changed, **about)
    write_events(tmp_path / "a", list(streamed(events, 5)), **about)
    whole = save_events(tmp_path / "whole", events, origin=HASHED)
    assert (tmp_path / "a").read_bytes() == whole.read_bytes()


def test_another_origin_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_parts, "COMMIT_SECONDS", 0.0)
    with pytest.raises(Stop):
        write_events(tmp_path / "a", stopping(drawn(4), 5), **ABOUT, origin=Origin("monday"))
    write_events(tmp_path / "a", streamed(drawn(6), 9), **ABOUT, origin=Origin("tuesday"))
    whole = save_events(tmp_path / "b", drawn(6), origin=Origin("tuesday"))
    assert (tmp_path / "a").read_bytes() == whole.read_bytes()


def test_fewer_samples_than_were_written_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parts, "COMMIT_SECONDS", 0.0)
    events = drawn(4, 12)
    with pytest.raises(Stop):
        write_events(tmp_path / "a", stopping(events, 12), **ABOUT)
    for fewer in ([], iter([])):
        with pytest.raises(ValueError, match="samples and more, and now there are 0"):
            write_events(tmp_path / "a", fewer, **ABOUT)


@pytest.mark.parametrize("after", [3, 7])
@pytest.mark.parametrize("listed", [False, True])
def test_a_call_with_other_data_does_not_go_on(
    after: int, listed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parts, "COMMIT_SECONDS", 0.0)
    events = drawn(4, 12)
    with pytest.raises(Stop):
        write_events(tmp_path / "a", stopping(events, after), **ABOUT)
    other = dataclasses.replace(events, addresses=events.addresses[::-1].copy())
    samples = list(streamed(other, 9)) if listed else streamed(other, 9)
    with pytest.raises(ValueError, match=r"has written other events as sample .* another origin"):
        write_events(tmp_path / "a", samples, **ABOUT)
    write_events(tmp_path / "a", streamed(events, 9), **ABOUT)
    np.testing.assert_array_equal(open_events(tmp_path / "a").addresses, events.addresses)


def recording(times: list[int], sensor: Sensor = SENSOR) -> Recording:
    return Recording.of(times, [0] * len(times), 0, 0, sensor)


@pytest.mark.parametrize(
    ("sample", "kind", "message"),
    [
        (LabelledRecording(recording([1]), 3), ValueError, "label of sample 0 .* from -1 to 2"),
        (StreamedSample([recording([1])], 0, start=2), ValueError, "before its start"),
        (LabelledRecording(recording([2**40]), 0), ValueError, "19 hours"),
        (LabelledRecording(recording([1], Sensor(3)), 0), ValueError, "as sample 0"),
        (
            StreamedSample([recording([5]), recording([4])], 0),
            ValueError,
            "sample 0 has a piece that begins at 4 microseconds after one that ends at 5",
        ),
        ((recording([1]), 0), TypeError, "a LabelledRecording or a StreamedSample, got tuple"),
    ],
)
def test_a_sample_that_cannot_be_is_refused_in_one_line(
    sample: Any, kind: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message) as caught:
        write_events(tmp_path / "a", [sample], **ABOUT)
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_groups_are_those_of_every_sample(tmp_path: Path) -> None:
    samples = [LabelledRecording(recording([1]), 0, 0, g) for g in ({"who": 1}, {})]
    with pytest.raises(ValueError, match="sample 1 has groups none, those before it who"):
        write_events(tmp_path / "a", samples, **ABOUT)


def test_an_empty_set_is_written(tmp_path: Path) -> None:
    assert len(write_events(tmp_path / "a", [], **ABOUT)) == 0
    assert check_events(tmp_path / "a").info()["events"] == 0


def test_two_writers_of_one_file_are_one_too_many(tmp_path: Path) -> None:
    def samples() -> Iterator[LabelledRecording]:
        with pytest.raises(BlockingIOError, match="another process writes"):
            write_events(tmp_path / "a", [], **ABOUT)
        yield LabelledRecording(recording([1]), 0)

    assert len(write_events(tmp_path / "a", samples(), **ABOUT)) == 1


def many(count: int) -> list[LabelledRecording]:
    return [LabelledRecording(recording(list(range(100))), 0) for _ in range(count)]


def test_a_full_disk_leaves_the_old_file_and_says_how_much_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_events(path, many(1), **ABOUT)
    before = path.read_bytes()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1200, old[1]))
    try:
        with pytest.raises(OSError, match=r"about 0\.00\d MB more are needed .* goes on") as caught:
            write_events(path, many(9), **ABOUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert "\n" not in str(caught.value)
    assert caught.value.errno == errno.EFBIG
    assert path.read_bytes() == before
    assert len(open_events(path)) == 1
    assert len(write_events(path, many(9), **ABOUT)) == 9
    assert os.listdir(tmp_path) == ["a"]


def test_a_disk_too_full_to_join_the_parts_is_seen_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(_write.shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(OSError, match=r"No space left on device; 0\.001 MB more are needed"):
        write_events(tmp_path / "a", many(9), **ABOUT)
    monkeypatch.undo()
    # all samples are kept
    assert len(write_events(tmp_path / "a", many(9), **ABOUT)) == 9
