"""`axonal data`: what it says about event data, what it writes, and how it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import needs
from helpers.event_files import bits40, es_atis
from helpers.shell import Axonal, Refused, process

from axonal.cli import data
from axonal.datasets import (
    EventSet,
    Recording,
    Sensor,
    check_events,
    open_events,
    read,
    read_header,
    save_events,
    write_es,
    write_evt2,
    write_shd,
)

CAMERA = Sensor(16, 12, 2)


def recording(events: int, seed: int = 0, sensor: Sensor = CAMERA, first: int = 0) -> Recording:
    rng = np.random.default_rng(seed)
    times = first + np.sort(rng.integers(0, 200_000, events))
    return Recording(times, rng.integers(0, sensor.channels, events).astype(np.uint32), sensor)


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """A folder with a folder of recordings per class."""
    folder = tmp_path / "classes"
    for name, count in (("10", 2), ("9", 3), ("wave", 1)):
        (folder / name).mkdir(parents=True)
        for k in range(count):
            write_es(folder / name / f"{k}.es", recording(50 * (k + 1), k))
    (folder / "readme.txt").write_text("about")
    (folder / ".hidden").mkdir()
    return folder


@pytest.fixture
def spikes() -> EventSet:
    cochlea = Sensor(20)
    parts = [recording(30, k, cochlea) for k in range(3)]
    return EventSet.from_recordings(parts, [0, 1, 1], classes=("no", "yes"), name="words")


@pytest.fixture
def said(axonal: Axonal) -> Callable[..., dict[str, Any]]:
    """The answer of a command in JSON."""

    def call(*words: str | Path, **options: Any) -> dict[str, Any]:
        result = axonal("data", *words, "--json", **options)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        answer = json.loads(result.stdout)
        assert isinstance(answer, dict)
        return answer

    return call


Said = Callable[..., dict[str, Any]]


def same(one: Recording, other: Recording) -> bool:
    return np.array_equal(one.times, other.times) and np.array_equal(one.addresses, other.addresses)


def test_info_tells_what_a_recording_is(said: Said, axonal: Axonal, tmp_path: Path) -> None:
    made = recording(1000)
    answer = said("info", write_es(tmp_path / "a.es", made))
    assert answer["format"] == "Event Stream 2.0 (.es)"
    assert answer["sensor"] == [16, 12, 2]
    assert answer["events"] == 1000
    assert answer["brighter"] == int(made.p.sum())
    span = int(made.times[-1] - made.times[0])
    assert answer["seconds"] == span / 1e6
    assert answer["events_per_second"] == pytest.approx(1e9 / span)
    text = axonal("data", "info", tmp_path / "a.es").stdout
    assert "events               1,000" in text


def test_info_tells_what_samples_and_folders_are(
    said: Said, classes: Path, spikes: EventSet, tmp_path: Path
) -> None:
    answer = said("info", classes)
    assert answer["classes"] == {"9": 3, "10": 2, "wave": 1}
    assert answer["samples"] == 6
    for file in (save_events(tmp_path / "a.axe", spikes), write_shd(tmp_path / "a.h5", spikes)):
        answer = said("info", file)
        assert answer["classes"] == {"no": 1, "yes": 2}
        assert answer["events"] == 90


def test_what_the_layout_of_shd_leaves_out_is_told(said: Said, tmp_path: Path) -> None:
    camera = EventSet.of(
        [5, 9], [0, 7], [0, 2], [0], sensor=Sensor(2, 2, 2), classes="a", starts=[3],
        groups={"speaker": [1], "session": [4]},
    )  # fmt: skip
    out = tmp_path / "b.h5"
    answer = said("convert", save_events(tmp_path / "a.axe", camera), out)
    assert answer["left_out"] == ["rows and polarities", "session", "starts"]
    answer = said("convert", out, tmp_path / "c.h5")
    assert answer["left_out"] == []


def test_what_is_stopped_and_is_no_training_is_not_told_to_resume(
    axonal: Axonal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    file = write_es(tmp_path / "a.es", recording(20))
    monkeypatch.setattr("axonal.cli._event_info.describe", stop)
    result = axonal("data", "info", file)
    assert result.returncode == 130
    assert result.stderr == "axonal: stopped.\n"


def test_a_class_folder_becomes_one_file_and_again_the_same(
    said: Said, classes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "all.axe"
    answer = said("convert", classes, out)
    assert (answer["samples"], answer["events"]) == (6, 300 + 150 + 50)
    events = open_events(out)
    assert events.classes == ("9", "10", "wave")
    assert events.labels.tolist() == [0, 0, 0, 1, 1, 2]
    assert same(events[1].recording, read(classes / "9" / "1.es"))
    content = out.read_bytes()
    assert said("convert", classes, out)["was_there"]
    assert said("check", out)["checked"] == ["checksums", "order", "addresses"]
    assert out.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_stopped_conversion_goes_on_to_the_identical_file(
    axonal: Axonal, said: Said, classes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from axonal.cli._event_folder import ClassFolder

    for file in classes.rglob("*.es"):  # with a column that a set does not hold
        file.write_bytes(es_atis([(5, 1, 1, 0, 1), (9, 2, 1, 1, 0)]))
    whole = said("convert", classes, tmp_path / "whole.axe")
    read_whole, read_again = ClassFolder.__getitem__, []

    def stopping(self: ClassFolder, index: int) -> Any:
        if index == 4:
            raise KeyboardInterrupt
        return read_whole(self, index)

    def counting(self: ClassFolder, index: int) -> Any:
        read_again.append(index)
        return read_whole(self, index)

    out = tmp_path / "parts.axe"
    with monkeypatch.context() as patch:
        patch.setattr(ClassFolder, "__getitem__", stopping)
        patch.setattr("axonal.datasets.store._parts.COMMIT_SECONDS", 0.0)
        result = axonal("data", "convert", classes, out, "--json")
    assert result.returncode == 130
    assert result.stderr == "axonal: stopped. The same command goes on where it stopped.\n"
    assert not out.exists()
    monkeypatch.setattr(ClassFolder, "__getitem__", counting)
    answer = said("convert", classes, out)
    assert answer["left_out"] == whole["left_out"] == ["threshold_crossing"]
    # the hash of the folder answers for what was written
    assert read_again == [4, 5]
    assert open_events(out).name == "parts"
    assert (
        out.read_bytes().replace(b"parts", b"whole")[64:]
        == (tmp_path / "whole.axe").read_bytes()[64:]
    )


def test_a_changed_source_is_told_and_replaced_when_asked(
    said: Said, refused: Refused, classes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "all.axe"
    said("convert", classes, out)
    write_es(classes / "wave" / "1.es", recording(7))
    line = refused("data", "convert", classes, out)
    assert "is stale" in line
    assert "--force" in line
    assert said("convert", classes, out, "--force")["samples"] == 7


def test_a_single_recording_goes_to_each_form_and_back(said: Said, tmp_path: Path) -> None:
    made = recording(500, first=3_000_000)
    source = write_evt2(tmp_path / "a.raw", made)
    kept = read(source)
    for name in ("b.es", "c.raw", "d.axe"):
        said("convert", source, tmp_path / name)
    assert same(read(tmp_path / "b.es"), kept)
    assert same(read(tmp_path / "c.raw"), kept)
    sample = open_events(tmp_path / "d.axe")[0]
    assert sample.label == -1
    assert same(sample.recording, kept)
    said("convert", tmp_path / "d.axe", tmp_path / "e.es")
    assert same(read(tmp_path / "e.es"), kept)
    answer = said("convert", source, tmp_path / "f.es", "--start", "3050000", "--stop", "3100000")
    assert answer["events"] == len(kept.between(3_050_000, 3_100_000))
    said("convert", source, tmp_path / "g.axe", "--rebase")
    events = open_events(tmp_path / "g.axe")
    assert events.starts.tolist() == [int(kept.times[0])]
    assert np.array_equal(events.times(0) + events.starts[0], kept.times)
    assert read_header(tmp_path / "g.axe").origin.transforms == ({"name": "read", "rebase": True},)


def test_spikes_go_to_the_layout_of_shd_and_back(
    said: Said, spikes: EventSet, tmp_path: Path
) -> None:
    save_events(tmp_path / "a.axe", spikes)
    said("convert", tmp_path / "a.axe", tmp_path / "b.h5")
    said("convert", tmp_path / "b.h5", tmp_path / "c.axe")
    found = open_events(tmp_path / "c.axe")
    assert found.labels.tolist() == [0, 1, 1]
    assert all(same(found[i].recording, spikes[i].recording) for i in range(3))
    answer = said("convert", tmp_path / "c.axe", tmp_path / "d.es", "--sample", "2")
    assert answer["events"] == 30


def test_a_published_data_set_becomes_a_file_per_split(said: Said, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split, digits in (("Train", "017"), ("Test", "5")):
        for k, digit in enumerate(digits):
            folder = tmp_path / "nmnist" / split / digit
            folder.mkdir(parents=True)
            times = np.sort(rng.integers(0, 300_000, 40))
            words = rng.integers(0, 34, (40, 2))
            rows = [
                bytes([x, y, (t >> 16) & 127, (t >> 8) & 255, t & 255])
                for (x, y), t in zip(words.tolist(), times.tolist(), strict=True)
            ]
            (folder / f"{k + 1:05}.bin").write_bytes(b"".join(rows))
    source = tmp_path / "nmnist"
    answer = said("info", source)
    assert (answer["name"], answer["splits"]) == ("N-MNIST", ["train", "test"])
    answer = said("convert", source, tmp_path / "out")
    assert {k: v["samples"] for k, v in answer["splits"].items()} == {"train": 3, "test": 1}
    train = check_events(tmp_path / "out" / "train.axe")
    assert train.labels.tolist() == [0, 1, 7]
    assert said("convert", source, tmp_path / "out")["splits"]["test"]["was_there"]
    said("convert", source, tmp_path / "one.axe", "--split", "test")
    assert len(open_events(tmp_path / "one.axe")) == 1
    assert said("check", source)["splits"]["train"] == {"samples": 3, "events": 120}


def test_half_of_a_data_set_is_named_with_what_is_missing(
    said: Said, refused: Refused, spikes: EventSet, tmp_path: Path
) -> None:
    write_shd(tmp_path / "shd_train.h5", spikes)
    answer = said("info", tmp_path)
    assert (answer["name"], answer["not_there"]) == ("SHD", ["test"])
    line = refused("data", "check", tmp_path)
    assert "shd_test.h5" in line
    assert "1503a5064faa34311c398fb0a1ed0a6f" in line


@pytest.mark.parametrize("kind", [*data.KINDS, None])
def test_show_draws_each_kind(said: Said, kind: str | None, tmp_path: Path) -> None:
    source = write_es(tmp_path / "a.es", recording(300))
    suffix = "gif" if kind == "animation" else "png"
    extra = ("--dt", "50000") if kind == "animation" else ()
    words = () if kind is None else ("--kind", kind)
    answer = said("show", source, *words, *extra, cwd=tmp_path)
    assert answer == {"file": f"a.{suffix}", "kind": kind or "frames", "events": 300}
    magic = b"GIF8" if kind == "animation" else b"\x89PNG"
    assert (tmp_path / f"a.{suffix}").read_bytes()[:4] == magic


def test_show_draws_one_sample_of_many(said: Said, spikes: EventSet, tmp_path: Path) -> None:
    source = save_events(tmp_path / "a.axe", spikes)
    answer = said("show", source, "--sample", "1", "--out", tmp_path / "b.svg", "--stop", "100000")
    assert answer["kind"] == "raster"
    assert answer["events"] == len(spikes[1].recording.between(0, 100_000))


def test_what_cannot_be_used_is_one_line(
    refused: Refused, classes: Path, spikes: EventSet, tmp_path: Path
) -> None:
    es = write_es(tmp_path / "a.es", recording(20))
    axe = save_events(tmp_path / "a.axe", spikes)
    cut = tmp_path / "cut.raw"
    cut.write_bytes(write_evt2(tmp_path / "a.raw", recording(20)).read_bytes()[:-2])
    torn = tmp_path / "torn.axe"
    torn.write_bytes(axe.read_bytes()[:-9])
    (tmp_path / "foreign.bin").write_bytes(b"nothing of it" * 9)
    (tmp_path / "empty").mkdir()
    late = write_es(tmp_path / "wide.es", recording(9, sensor=Sensor(8, 8, 2)))
    (classes / "9" / "7.es").write_bytes(late.read_bytes())
    cases = [
        (("info", tmp_path / "none"), "there is no file"),
        (("info", tmp_path / "foreign.bin"), "none of the formats that are known"),
        (("info", cut), "--truncated gives what is whole"),
        (("info", torn), "cut short"),
        (
            ("info", es, "--sensor", "wide"),
            "--sensor takes 700, 128x128 or 128x128x2, say; got 'wide'",
        ),
        (("info", es, "--format", "avi"), "format as one of evt2"),
        (("info", classes, "--dataset", "imagenet"), "--dataset takes cifar10-dvs"),
        (("info", es, "--dataset", "shd"), "is a file"),
        (("info", tmp_path / "empty"), "holds no recordings"),
        (("check", classes, "--split", "train"), "--split goes with"),
        (("check", torn), "cut short"),
        (("convert", es, tmp_path / "b.mp4"), "OUT takes a name that ends in .axe, .h5, .es, .raw"),
        (("convert", es, es), "write another name"),
        (("convert", es, tmp_path / "no" / "b.axe"), "there is no folder"),
        (("convert", es, tmp_path / "b.h5"), "holds labelled samples"),
        (("convert", classes, tmp_path / "b.es"), "holds one recording"),
        (("convert", axe, tmp_path / "b.es"), "write --sample 0"),
        (("convert", axe, tmp_path / "b.es", "--sample", "3"), "got --sample 3"),
        (("convert", axe, tmp_path / "b.es", "--sort"), "--sort is for recordings"),
        (("convert", es, tmp_path / "a.raw"), "write --force to replace it"),
        (("convert", classes, tmp_path / "b.axe"), "samples of one set have one sensor"),
        (("convert", es, tmp_path / "b.es", "--start", "9", "--stop", "3"), "start <= stop"),
        (("show", es, "--out", tmp_path / "b.txt"), "--out takes .png, .pdf, .svg"),
        (("show", es, "--kind", "film"), "--kind takes raster"),
        (("show", es, "--dt", "5", "--out", tmp_path / "b.png"), "--dt belongs to an animation"),
        (("show", axe, "--out", tmp_path / "b.png"), "write --sample 0"),
        (("show", axe, "--sample", "0", "--kind", "cloud", "--out", tmp_path / "b.png"), "rows"),
        (("show", classes, "--out", tmp_path / "b.png"), "is a folder"),
    ]
    wrong = []
    for words, expected in cases:
        line = refused("data", *words)
        if expected not in line:
            wrong.append((words, line))
    assert wrong == []
    assert not (tmp_path / "b.axe").exists()


def test_a_clock_that_began_long_ago_is_answered_with_the_option_that_helps(
    refused: Refused, said: Said
) -> None:
    sample = needs.data("event-samples") / "tonic" / "sample.aedat4"
    line = refused("data", "convert", sample, "late.axe")
    assert "write --rebase" in line


def test_a_long_pause_is_answered_with_the_option_that_helps(
    refused: Refused, said: Said, tmp_path: Path
) -> None:
    file, out, turn = tmp_path / "a.bin", tmp_path / "a.axe", 2**23
    times = [*range(1000, 20_000, 1000), turn - 9, turn + 9, turn * 7 // 4]
    file.write_bytes(bits40([(t % turn, 1, 1, 1) for t in times]))
    show = ["show", file, "--out", tmp_path / "a.png"]
    for words in (["info", file], ["check", file], show, ["convert", file, out]):
        assert refused("data", *words).endswith("half of its counter, write --pauses.")
        said(*words, "--pauses")
    assert open_events(out).times(0).tolist() == times


def test_help_and_errors_come_without_torch(tmp_path: Path) -> None:
    shown = process("data", "--help", cwd=tmp_path)
    assert shown.returncode == 0
    assert all(word in shown.stdout for word in ("info", "convert", "check", "show"))


def test_every_sample_at_hand_is_read_or_refused_with_the_reason(axonal: Axonal) -> None:
    folder = needs.data("event-samples")
    read_ones, refused_ones = 0, []
    for path in sorted(folder.rglob("*.*")):
        if path.suffix in (".md", ".npy"):
            continue
        result = axonal("data", "info", path, "--json")
        if result.returncode == 0:
            assert json.loads(result.stdout)["events"] > 0
            read_ones += 1
        else:
            assert len(result.stderr.splitlines()) == 1
            refused_ones.append(path.name)
    assert read_ones == 10
    assert refused_ones == ["sample_aedat_header.aedat"]
