"""MNIST and Fashion-MNIST come whole from their files, or not at all."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from helpers import needs

from axonal.datasets import _mnist, fashion_mnist, mnist

READERS = {"mnist": mnist, "fashion_mnist": fashion_mnist}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three images in files like the published ones."""
    monkeypatch.setattr(_mnist, "SPLITS", {"test": ("t10k", 3)})
    write(tmp_path / "t10k-images-idx3-ubyte.gz", (3, 28, 28), np.arange(3 * 784) % 256)
    write(tmp_path / "t10k-labels-idx1-ubyte.gz", (3,), np.array([7, 0, 9]))
    return tmp_path


def write(path: Path, shape: tuple[int, ...], values: np.ndarray) -> None:
    sizes = np.array(shape, ">u4").tobytes()
    content = bytes([0, 0, 8, len(shape)]) + sizes + values.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content))


def test_pixels_and_labels_are_those_of_the_file(small: Path) -> None:
    images, labels = mnist("test", small)
    assert images.shape == (3, 28, 28)
    assert images[0, 1, 2] == 30
    assert labels.tolist() == [7, 0, 9]


@pytest.mark.parametrize("kind", ["images-idx3", "labels-idx1"])
def test_a_file_cut_short_is_refused_by_name(small: Path, kind: str) -> None:
    path = small / f"t10k-{kind}-ubyte.gz"
    whole = path.read_bytes()
    for content in (
        whole[: len(whole) // 2],
        b"no gzip",
        gzip.compress(gzip.decompress(whole)[:-1]),
        gzip.compress(b"\0\0\x0d" + gzip.decompress(whole)[3:]),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"t10k-{kind}-ubyte.gz is damaged or not whole"):
            mnist("test", small)


def test_a_label_above_nine_is_refused(small: Path) -> None:
    write(small / "t10k-labels-idx1-ubyte.gz", (3,), np.array([7, 10, 9]))
    with pytest.raises(ValueError, match="a label 10"):
        mnist("test", small)


@pytest.mark.parametrize("name", READERS)
def test_a_missing_file_is_one_line_that_says_where_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AXONAL_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r"get it from .* and set AXONAL_DATA"):
        READERS[name]("train")
    with pytest.raises(FileNotFoundError, match="there is no train-images"):
        READERS[name]("train", tmp_path)


def test_a_relative_folder_that_is_looked_for_from_elsewhere_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_DATA", "../data")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        mnist("train")
    line = str(caught.value)
    assert f"AXONAL_DATA=../data is relative to the folder that this runs in, {tmp_path}" in line
    assert "\n" not in line


@pytest.mark.parametrize("name", READERS)
def test_the_published_test_sets_have_a_thousand_images_a_class(name: str) -> None:
    needs.data(_mnist.FOLDERS[name][0])
    images, labels = READERS[name]("test")
    assert images.shape == (10_000, 28, 28)
    assert images.max() == 255
    if name == "fashion_mnist":
        assert np.bincount(labels).tolist() == [1000] * 10
    else:
        wanted = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
        assert np.bincount(labels).tolist() == wanted
