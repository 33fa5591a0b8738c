"""N-MNIST from its folders, whole, in part and zipped."""

from pathlib import Path

import numpy as np
import pytest
from helpers import needs

from axonal.datasets import mnist
from axonal.datasets.sets import nmnist


def recording(times: list[int]) -> bytes:
    """Events in the 40 bits of the format: column, row, polarity and time."""
    return b"".join(
        bytes([k % 34, 7, (k % 2) << 7 | t >> 16, t >> 8 & 255, t & 255])
        for k, t in enumerate(times)
    )


@pytest.fixture
def small(tmp_path: Path) -> Path:
    for name, times in {"Train/3/00010.bin": [5, 70_000], "Train/1/00002.bin": [9]}.items():
        path = tmp_path / "NMNIST" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(recording(times))
    return tmp_path


@pytest.mark.parametrize("inside", ["", "NMNIST"])
def test_recordings_come_in_the_order_of_mnist(small: Path, inside: str) -> None:
    found = nmnist(small / inside, splits=["train"])["train"]
    assert found.labels.tolist() == [1, 3]
    assert found.groups["index"].tolist() == [1, 9]
    assert found.times(1).tolist() == [5, 70_000]
    assert found[1].recording.p.tolist() == [0, 1]
    assert found.name == "N-MNIST (train, 2 of 60000 samples)"


def test_half_of_it_is_named(small: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"test\.zip .*or what it holds, Test"):
        nmnist(small)


def test_another_folder_of_that_name_is_refused(small: Path) -> None:
    (small / "NMNIST" / "Train" / "1" / "notes.bin").write_bytes(b"")
    with pytest.raises(ValueError, match=r"<digit>/<number>\.bin, got a file notes\.bin"):
        nmnist(small, splits=["train"])
    (small / "NMNIST" / "Test").mkdir()
    with pytest.raises(ValueError, match="got none"):
        nmnist(small, splits=["test"])


def test_a_damaged_recording_is_refused_by_its_name(small: Path) -> None:
    path = small / "NMNIST" / "Train" / "3" / "00010.bin"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ValueError, match=r"00010\.bin"):
        nmnist(small, splits=["train"])


def test_the_labels_of_all_recordings_at_hand_are_those_of_mnist() -> None:
    found = nmnist(needs.data("nmnist-small"))
    assert [len(found["train"]), len(found["test"])] == [1000, 100]
    assert found["train"].event_count + found["test"].event_count == 4_518_827
    for split, events in found.items():
        _, labels = mnist(split, needs.data("mnist") / "MNIST" / "raw")
        np.testing.assert_array_equal(events.labels, labels[events.groups["index"]])
