"""Spoken digits: the splits are pinned, the cache never lies, and a bad recording is named."""

import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import needs
from helpers.sound import write_recordings, write_wav

from axonal.datasets import EventSet, HairCells, MelDelta, Sensor, fsdd, read_wav, save_events
from axonal.datasets._cache import cached
from axonal.datasets._fsdd import file_names

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("fsdd"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that tests share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """The same files; links, so a test replaces one by unlinking it first."""
    shutil.copytree(made, tmp_path / "fsdd", copy_function=os.link)
    return tmp_path / "fsdd"


@pytest.fixture
def real() -> Path:
    return needs.data("fsdd")


def one_of(folder: Path) -> Path:
    path = folder / "recordings" / "3_theo_7.wav"
    path.unlink()
    return path


# --- splits ---


def test_the_splits_have_their_sizes_and_share_no_recording(made: Path, kept: Path) -> None:
    sizes = {}
    for split in ("official", "speaker"):
        data = fsdd(folder=made, split=split, cache=kept)
        sizes[split] = [len(data[part]) for part in ("train", "validation", "test")]
        labels = np.concatenate([part.labels for part in data.values()])
        speakers = np.concatenate([part.events.groups["speaker"] for part in data.values()])
        # each digit of each speaker fifty times: nothing is lost and nothing there twice
        assert (np.bincount(10 * speakers + labels) == 50).all()
    assert sizes == {"official": [2448, 252, 300], "speaker": [1806, 194, 1000]}


def test_the_test_samples_are_those_that_the_split_names(made: Path, kept: Path) -> None:
    names = file_names()
    official = [n for n in names if int(n[:-4].split("_")[2]) < 5]
    data = fsdd(folder=made, cache=kept)["test"]
    assert data.labels.tolist() == [int(n[0]) for n in official]
    assert data.events.groups["speaker"].tolist() == [
        SPEAKERS.index(n.split("_")[1]) for n in official
    ]
    encoder = MelDelta()
    for index in (0, 17, 299):
        x = read_wav(made / "recordings" / official[index], 8000)
        recording, _ = data.events[index]
        ((expected_times, expected_units),) = encoder.encode([x])
        np.testing.assert_array_equal(recording.times, expected_times)
        np.testing.assert_array_equal(recording.addresses, expected_units)


@pytest.mark.parametrize("held_out", [("george",), ("jackson", "nicolas")])
def test_no_held_out_speaker_is_trained_on(
    held_out: tuple[str, ...], made: Path, kept: Path
) -> None:
    data = fsdd(folder=made, split="speaker", held_out=held_out, cache=kept)
    tested = {SPEAKERS.index(name) for name in held_out}
    assert set(data["test"].events.groups["speaker"].tolist()) == tested
    for part in ("train", "validation"):
        assert set(data[part].events.groups["speaker"].tolist()) == set(range(6)) - tested


@pytest.mark.slow
def test_the_recordings_give_the_spikes_they_gave_before(real: Path) -> None:
    data = fsdd(folder=real, cache=False)
    assert [len(d) for d in data.values()] == [2448, 252, 300]
    events = data["test"].events
    rate = events.event_count / len(events)
    assert rate == pytest.approx(816.40, abs=0.5)
    assert data["test"].dense(range(300)).shape == (60, 300, 80)
    for part in data.values():
        assert sorted(set(part.labels.tolist())) == list(range(10))


def test_hair_cells_hear_the_recordings(real: Path, tmp_path: Path) -> None:
    cells = HairCells()
    sounds = [read_wav(real / "recordings" / name, 8000) for name in file_names()[::300]]
    for times, units in cells.encode(sounds):
        assert 200 < len(times) < 6000
        assert len(np.unique(units)) > 20


def test_the_folder_of_the_environment_is_the_default(
    made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "fsdd").symlink_to(made)
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path))
    monkeypatch.setenv("AXONAL_CACHE", str(tmp_path / "cache"))
    assert len(fsdd()["test"]) == 300
    assert len(list((tmp_path / "cache").iterdir())) == 1


# --- cache ---


def test_what_was_kept_is_what_was_made(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fsdd(folder=made, cache=tmp_path)["train"].events
    with monkeypatch.context() as patch:
        patch.setattr(MelDelta, "encode", None)  # whoever makes them again fails
        again = fsdd(folder=made, cache=tmp_path)["train"].events
    for field in ("low", "addresses", "boundaries", "first_period", "labels"):
        np.testing.assert_array_equal(getattr(first, field), getattr(again, field))
    assert first.groups["speaker"].tolist() == again.groups["speaker"].tolist()
    (kept,) = tmp_path.iterdir()
    assert kept.suffix == ".axe"


def test_other_recordings_are_not_taken_for_those_that_were_kept(
    made: Path, copy: Path, tmp_path: Path
) -> None:
    before = fsdd(folder=made, cache=tmp_path / "cache")["train"].events
    write_wav(one_of(copy), np.full(480, 900))
    after = fsdd(folder=copy, cache=tmp_path / "cache")["train"].events
    assert len(list((tmp_path / "cache").iterdir())) == 2
    assert before.event_count != after.event_count


DAMAGES = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "changed": lambda content: content[:180] + bytes([content[180] ^ 0xFF]) + content[181:],
    "foreign": lambda content: b"not a cache at all",
}


def one_second() -> EventSet:
    times = np.arange(0, 1_000_000, 1000)
    return EventSet.of(times, times * 0, [0, 1000], [0], sensor=Sensor(1), classes=("a",))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_cache_is_made_anew(damage: Any, tmp_path: Path) -> None:
    whole = cached("x", {}, tmp_path, one_second)
    (kept,) = tmp_path.iterdir()
    content = kept.read_bytes()
    kept.write_bytes(damage(content))
    again = cached("x", {}, tmp_path, one_second)
    np.testing.assert_array_equal(whole.times(0), again.times(0))
    assert kept.read_bytes() == content
    assert list(tmp_path.iterdir()) == [kept]


def test_a_cache_whose_arrays_do_not_fit_is_made_anew(tmp_path: Path) -> None:
    cached("x", {}, tmp_path, one_second)
    (kept,) = tmp_path.iterdir()
    events = one_second()
    save_events(kept, dataclasses.replace(events, low=events.low[::-1]))
    assert cached("x", {}, tmp_path, one_second).times(0)[0] == 0


def test_a_cache_is_read_only_for_what_it_was_made_of(tmp_path: Path) -> None:
    cached("x", {"threshold": 3}, tmp_path, one_second)
    cached("x", {"threshold": 4}, tmp_path, one_second)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_making_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fails() -> EventSet:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        cached("x", {}, tmp_path, fails)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_kept_a_warning_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.warns(UserWarning, match="spikes are not kept .* set AXONAL_CACHE"):
        assert len(cached("x", {}, blocked, one_second)) == 1


# --- what is wrong with the data ---


def test_without_data_one_line_says_what_to_get_and_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AXONAL_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r"github.com/Jakobovski.* fsdd/ and set AXONAL_D"):
        fsdd()
    with pytest.raises(FileNotFoundError, match=r"no recordings in .* get it from") as caught:
        fsdd(folder=tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_was_copied_halfway_is_refused_in_one_line(copy: Path) -> None:
    for name in file_names()[1200:]:
        (copy / "recordings" / name).unlink()
    message = r"holds 1200 of 3000 recordings, 4_george_0\.wav is missing: copy it again from"
    with pytest.raises(ValueError, match=message) as caught:
        fsdd(folder=copy, cache=False)
    assert "\n" not in str(caught.value)


def truncate(path: Path) -> None:
    write_wav(path, np.ones(480))
    path.write_bytes(path.read_bytes()[:-100])


BAD = {
    "rate": (
        lambda p: write_wav(p, np.ones(480), rate=16000),
        "16000 samples per second, expected 8",
    ),
    "stereo": (lambda p: write_wav(p, np.ones(960), channels=2), "2 channels, expected 1"),
    "width": (lambda p: write_wav(p, np.ones(480), width=4), "32 bits per sample, expected 16"),
    "short": (lambda p: write_wav(p, np.ones(100)), "lasts 0.013 s, a spoken digit 0.05 to 5 s"),
    "long": (lambda p: write_wav(p, np.ones(48000)), "lasts 6.000 s, a spoken digit 0.05 to 5 s"),
    "cut off": (truncate, "is cut off: 430 of 480 samples"),
    "half a header": (lambda p: p.write_bytes(b"RIFF\x00\x00"), "not a readable WAV file"),
    "no bytes": (lambda p: p.write_bytes(b""), "not a readable WAV file"),
    "text": (lambda p: p.write_bytes(b"<html>not found</html>" * 9), "not a readable WAV file"),
    "no samples": (lambda p: write_wav(p, []), "holds no samples"),
}


@pytest.mark.parametrize(("damage", "message"), BAD.values(), ids=BAD)
def test_a_recording_that_is_none_is_named_in_one_line(
    damage: Any, message: str, copy: Path
) -> None:
    damage(one_of(copy))
    with pytest.raises(ValueError, match=rf"3_theo_7\.wav .*{message}") as caught:
        fsdd(folder=copy, cache=False)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"front_end": "ear"}, "'mel', 'gammatone', 'quantiles' or such an object, got 'ear'"),
        ({"front_end": 3}, "got 3"),
        ({"split": "test"}, "split 'official' or 'speaker', got 'test'"),
        ({"held_out": ("bob",)}, "george, jackson.* got"),
        ({"held_out": "theo"}, "george, jackson.* got 'theo'"),
        ({"held_out": ()}, "some, not all"),
        ({"held_out": SPEAKERS}, "some, not all"),
        (
            {"dt": 10},
            "dt in seconds, far below the second that a digit lasts, got 10. Is it in milli",
        ),
        ({"dt": 1e-7}, "whole number of microseconds"),
        ({"steps": 0}, "steps as a whole number >= 1"),
        ({"front_end": MelDelta(rate=16000)}, "8000 samples per second, expected 16000"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_refused_in_one_line(
    arguments: dict[str, Any], message: str, made: Path, kept: Path
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        fsdd(folder=made, cache=kept, **{"front_end": MelDelta(), **arguments})
    assert "\n" not in str(caught.value)
