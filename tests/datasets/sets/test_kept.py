"""Sets that were made once are found again, and made anew when a file has changed."""

import os
from pathlib import Path

import numpy as np
import pytest

from axonal.datasets import Recording, Sensor, StreamedSample
from axonal.datasets.sets._kept import Cache, Lazy, kept, sample

CAMERA = Sensor(4, 4, 2)


def made(path: Path) -> StreamedSample:
    times = [int(word) for word in path.read_text().split()]
    return sample(Recording.of(times, 1, 2, 1, CAMERA), int(path.stem), times[0], speaker=7)


def keep(folder: Path, cache: Cache = True, settings: object = None, asked: list | None = None):
    paths = sorted(folder.glob("*.txt"))

    def one(path: Path) -> StreamedSample:
        if asked is not None:
            asked.append(path.name)
        return made(path)

    return kept(
        lambda: Lazy(paths, one),
        sources=paths,
        settings=settings,
        cache=cache,
        sensor=CAMERA,
        classes=("a", "b"),
        name="Made (test)",
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "0.txt").write_text("5 70000")
    (tmp_path / "1.txt").write_text("9")
    return tmp_path


@pytest.mark.parametrize("cache", [True, False])
def test_the_samples_are_those_of_the_files(files: Path, cache: bool) -> None:
    found = keep(files, cache)
    assert found.labels.tolist() == [0, 1]
    assert found.times(0).tolist() == [0, 69_995]
    assert found.starts.tolist() == [5, 9]
    assert found.groups["speaker"].tolist() == [7, 7]


def test_files_are_read_once(files: Path, cache: Path) -> None:
    asked: list[str] = []
    first = keep(files, asked=asked)
    again = keep(files, asked=asked)
    assert asked == ["0.txt", "1.txt"]
    np.testing.assert_array_equal(first.low, again.low)
    (file,) = (cache / "sets").iterdir()
    assert file.name.startswith("made-test-")
    assert file.suffix == ".axe"


def test_a_change_of_files_or_settings_makes_them_anew(files: Path) -> None:
    keep(files)
    (files / "1.txt").write_text("8")
    os.utime(files / "1.txt", ns=(1, 1))
    assert keep(files).starts.tolist() == [5, 8]
    asked: list[str] = []
    keep(files, settings={"threshold": 3}, asked=asked)
    assert len(asked) == 2


def test_a_damaged_file_is_made_again(files: Path, cache: Path) -> None:
    keep(files)
    (file,) = (cache / "sets").iterdir()
    file.write_bytes(b"damage")
    assert keep(files).starts.tolist() == [5, 9]
    asked: list[str] = []
    keep(files, asked=asked)
    assert asked == []


def test_a_place_where_nothing_can_be_written_is_said(files: Path, tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("")
    with pytest.warns(UserWarning, match=r"Made \(test\) is not kept in .*no folder"):
        found = keep(files, tmp_path / "no folder")
    assert found.starts.tolist() == [5, 9]


def test_data_that_cannot_be_read_are_no_matter_of_the_cache(files: Path) -> None:
    (files / "1.txt").write_text("nine")
    for cache in (True, False):
        with pytest.raises(ValueError, match="nine"):
            keep(files, cache)
