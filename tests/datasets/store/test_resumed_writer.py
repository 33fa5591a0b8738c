"""A writer that goes on gives the file of the call that ends it, or refuses what has changed."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from axonal.datasets import EventSet, LabelledRecording, Recording, Sensor, write_events
from axonal.datasets.store import _parts, _write

SENSOR = Sensor(4)
ABOUT: dict[str, Any] = {"sensor": SENSOR, "classes": ("a", "b")}
# that the groups of a call differ among themselves is seen without what is on the disk
REFUSED = "a stopped call has written .* give another origin|has groups .*, those before it who"
Samples = list[LabelledRecording]


class Stop(BaseException):
    """What ends a writer from outside, as an interruption does."""


def sample(*times: int, label: int = 0, start: int = 0, **groups: int) -> LabelledRecording:
    recording = Recording(np.array(times, np.int64), np.array(times, np.uint32) % 4, SENSOR)
    return LabelledRecording(recording, label, start, groups)


def stopping(samples: Iterable[LabelledRecording], after: int) -> Iterator[LabelledRecording]:
    for k, one in enumerate(samples):
        if k == after:
            raise Stop
        yield one
    raise Stop


@pytest.fixture(autouse=True)
def _everything_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_parts, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # nobody pulls the plug here


def write_and_stop(path: Path, samples: Samples, after: int) -> None:
    with pytest.raises(Stop):
        write_events(path, stopping(samples, after), **ABOUT)


def stop_while_joining(path: Path, samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: Any) -> None:
        raise Stop

    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr(_parts.Parts, "join", stop)
        write_events(path, samples, **ABOUT)


OLD = [sample(1, 2, k, who=k) for k in (2, 3, 4, 5)]
CHANGES: dict[str, Callable[[LabelledRecording], LabelledRecording]] = {
    "label": lambda one: dataclasses.replace(one, label=1),
    "start": lambda one: dataclasses.replace(one, start=7),
    "value of a group": lambda one: dataclasses.replace(one, groups={"who": -1}),
    "name of a group": lambda one: dataclasses.replace(one, groups={"what": one.groups["who"]}),
    "a group less": lambda one: dataclasses.replace(one, groups={}),
    "address": lambda one: dataclasses.replace(
        one, recording=Recording.of(one.recording.times, 3, 0, 0, SENSOR)
    ),
    "times by 2^16": lambda one: dataclasses.replace(
        one,
        recording=Recording(one.recording.times + 65536, one.recording.addresses, SENSOR),
    ),
    "the last time by 2^16": lambda one: sample(
        *one.recording.times[:-1].tolist(), int(one.recording.times[-1]) + 65536, **one.groups
    ),
    "an event less": lambda one: sample(*one.recording.times[:-1].tolist(), **one.groups),
    "an event more": lambda one: sample(*one.recording.times.tolist(), 9, **one.groups),
}


@pytest.mark.parametrize(("place", "make"), [(0, list), (1, iter), (2, list)])
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changed_in_a_sample_that_was_written_is_refused(
    change: str, place: int, make: Callable[[Samples], Any], tmp_path: Path
) -> None:
    write_and_stop(tmp_path / "a", OLD, 3)
    new = [CHANGES[change](one) if k == place else one for k, one in enumerate(OLD)]
    with pytest.raises(ValueError, match=REFUSED) as caught:
        write_events(tmp_path / "a", make(new), **ABOUT)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "a").exists()
    # what was written is still there for the call that it belongs to
    assert write_events(tmp_path / "a", make(OLD), **ABOUT).labels.tolist() == [0] * 4


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changed_before_the_parts_were_joined_is_refused(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_while_joining(tmp_path / "a", OLD, monkeypatch)
    new = [*OLD[:-1], CHANGES[change](OLD[-1])]
    with pytest.raises(ValueError, match=REFUSED):
        write_events(tmp_path / "a", new, **ABOUT)
    with pytest.raises(ValueError, match="4 samples and more, and now there are 3"):
        write_events(tmp_path / "a", OLD[:-1], **ABOUT)
    assert len(write_events(tmp_path / "a", OLD, **ABOUT)) == 4


def test_samples_that_came_after_the_parts_were_to_be_joined_are_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_while_joining(tmp_path / "a", OLD[:2], monkeypatch)
    write_events(tmp_path / "a", OLD, **ABOUT)
    write_events(tmp_path / "whole", OLD, **ABOUT)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "whole").read_bytes()


SMALL = st.lists(
    st.builds(
        lambda times, label: sample(*sorted(times), label=label),
        st.lists(st.sampled_from([0, 1, 65536, 65537, 131072]), max_size=3),
        st.integers(0, 1),
    ),
    max_size=3,
)


@given(old=SMALL, new=SMALL, data=st.data())
def test_a_file_is_made_of_one_call_or_refused(
    old: Samples, new: Samples, data: DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sets")
    if data.draw(st.booleans(), label="new begins as old"):
        new = old + new
    pieces = data.draw(st.integers(0, 6), label="pieces before the stop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_write, "PIECE", data.draw(st.integers(1, 3), label="events per piece"))
        stop_after(folder / "a", old, pieces)
        patch.setattr(_write, "PIECE", data.draw(st.integers(1, 3), label="events per piece"))
        with contextlib.suppress(ValueError):
            write_events(folder / "a", new, **ABOUT)
    write_events(folder / "whole", new, **ABOUT)
    expected = (folder / "whole").read_bytes()
    if (folder / "a").exists():
        assert (folder / "a").read_bytes() == expected
    else:
        assert new[: len(old)] != old  # by identity


def stop_after(path: Path, samples: Samples, pieces: int) -> None:
    """Write, and stop after so many pieces, at the latest before the parts are joined."""
    given, commit = 0, _parts.Parts.commit

    def counted(parts: _parts.Parts) -> None:
        nonlocal given
        commit(parts)
        given += 1
        if given > pieces or parts.journal.phase == "joining":
            raise Stop

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stop):
        patch.setattr(_parts.Parts, "commit", counted)
        write_events(path, samples, **ABOUT)


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_sample_that_was_refused_may_be_corrected(before: int, tmp_path: Path) -> None:
    def pieces(label: int) -> Iterator[LabelledRecording]:
        yield from OLD[:before]
        yield dataclasses.replace(OLD[before], label=label)
        yield from OLD[before + 1 :]

    path = tmp_path / "a"
    with pytest.raises(ValueError, match=f"label of sample {before} .* got 5"):
        write_events(path, pieces(5), **ABOUT)
    if not before:
        assert os.listdir(tmp_path) == []
    # other events than those of the refused sample, which came to the disk before its label
    corrected = [*OLD[:before], sample(1, who=3)]
    found: EventSet = write_events(path, corrected, **ABOUT)
    write_events(tmp_path / "whole", corrected, **ABOUT)
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()
    assert len(found) == before + 1
