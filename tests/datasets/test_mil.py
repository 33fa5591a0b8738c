"""Bags of instances read back as published, and incomplete copies never pass for whole ones."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import needs
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import Bags, mil

FILES = {
    "musk1": "musk1.data",
    "musk2": "musk2.mat",
    "tiger": "tiger.data",
    "fox": "fox.data",
    "elephant": "elephant.data",
}


@pytest.fixture
def folder() -> Path:
    return needs.data("mil")


@pytest.mark.parametrize(
    ("name", "bags", "positive", "instances", "features"),
    [
        ("musk1", 92, 47, 476, 166),
        ("musk2", 102, 39, 6598, 166),
        ("tiger", 200, 100, 1220, 230),
        ("fox", 200, 100, 1320, 230),
        ("elephant", 200, 100, 1391, 230),
    ],
)
def test_every_set_has_its_published_size(
    name: str, bags: int, positive: int, instances: int, features: int, folder: Path
) -> None:
    found = mil(name, folder)
    assert (len(found), found.labels.sum()) == (bags, positive)
    assert found.values.shape == (instances, features)
    assert found.name == name
    assert (found.values.dtype, found.labels.dtype) == (np.float64, np.int64)


def test_musk_holds_the_values_of_its_file(folder: Path) -> None:
    lines = (folder / "musk1.data").read_text().splitlines()
    found = mil("musk1", folder)
    instances, label = found[0]
    assert [int(v) for v in lines[0].split(",")[2:-1]] == instances[0].tolist()
    assert (len(instances), label) == (sum(line.startswith("MUSK-188,") for line in lines), 1)


def test_images_hold_the_values_of_their_file(folder: Path) -> None:
    line = (folder / "tiger.data").read_text().splitlines()[100]
    about, *cells = line.split()
    found = mil("tiger", folder)
    assert [float(cell.split(":")[1]) for cell in cells] == found.values[99].tolist()
    bag = int(np.searchsorted(found.offsets, 99, side="right")) - 1
    assert about.split(":")[1] == str(bag)


def test_the_folder_of_the_environment_is_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(folder.parent))
    assert len(mil("musk1")) == 92


@pytest.mark.parametrize("name", FILES)
def test_without_a_folder_one_line_says_what_to_get(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AXONAL_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=f"{FILES[name]} .* put it into .* mil/ and set"):
        mil(name)
    with pytest.raises(FileNotFoundError, match=f"no {FILES[name]} in .*get it from") as caught:
        mil(name, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.999])
def test_a_copy_that_stopped_halfway_is_refused_in_one_line(
    name: str, share: float, folder: Path, tmp_path: Path
) -> None:
    content = (folder / FILES[name]).read_bytes()
    (tmp_path / FILES[name]).write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"copy it again from") as caught:
        mil(name, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["musk1", "tiger"])
def test_a_copy_that_ends_with_a_whole_line_is_refused(
    name: str, folder: Path, tmp_path: Path
) -> None:
    lines = (folder / FILES[name]).read_bytes().splitlines(keepends=True)
    (tmp_path / FILES[name]).write_bytes(b"".join(lines[:-1]))
    with pytest.raises(ValueError, match="copy it again from"):
        mil(name, tmp_path)


def test_another_file_under_the_name_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "fox.data", tmp_path / "tiger.data")
    with pytest.raises(ValueError, match=r"= \(200, 100, 1320, 230\), tiger has"):
        mil("tiger", tmp_path)
    shutil.copyfile(folder / "fox.data", tmp_path / "musk2.mat")
    with pytest.raises(ValueError, match="not a readable MATLAB file"):
        mil("musk2", tmp_path)


# --- bags ---


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.data())
def test_padded_bags_hold_every_instance_once(sizes: list[int], data: st.DataObject) -> None:
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    values = np.arange(2.0 * offsets[-1]).reshape(-1, 2) + 1
    bags = Bags(values, offsets, np.arange(len(sizes)) % 2, "made")
    chosen = data.draw(st.lists(st.integers(0, len(sizes) - 1)))
    padded, mask = bags.padded(chosen)
    assert padded.shape == (len(chosen), max((sizes[i] for i in chosen), default=0), 2)
    for row, index in enumerate(chosen):
        np.testing.assert_array_equal(padded[row][~mask[row]], bags[index][0])
        assert not padded[row][mask[row]].any()
    assert bags.sizes.tolist() == sizes
    assert [len(instances) for instances, _ in bags] == sizes


@pytest.mark.parametrize(
    ("offsets", "labels", "message"),
    [
        ([0, 1, 1, 3], [0, 1, 0], "no bag is empty"),
        ([0, 1, 2], [0, 1], "rise from 0 to 3"),
        ([0, 3], [0, 1], r"offsets \[bags \+ 1\]"),
        ([0, 1, 3], [0, 2], r"labels 0 or 1, got \[0, 2\]"),
    ],
)
def test_bags_that_do_not_fit_are_refused(
    offsets: list[int], labels: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Bags(np.zeros((3, 2)), np.array(offsets), np.array(labels), "wrong")


@pytest.mark.parametrize(
    ("index", "kind", "message"),
    [
        (slice(0, 1), TypeError, "two expects the index of one sample"),
        (0.0, TypeError, "two expects the index of one sample"),
        (2, IndexError, "two expects an index below 2, its number of samples, got 2"),
    ],
)
def test_what_is_no_bag_is_refused_in_one_line(
    index: Any, kind: type[Exception], message: str
) -> None:
    bags = Bags(np.zeros((3, 2)), np.array([0, 1, 3]), np.array([0, 1]), "two")
    assert bags[np.int64(-1)][1] == 1
    with pytest.raises(kind, match=f"^{message}"):
        bags[index]
    with pytest.raises(TypeError, match=r"Bags\.padded expects indices as whole numbers \[B\]"):
        bags.padded(np.array([True, False]))
