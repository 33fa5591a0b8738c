"""CIFAR10-DVS, DVS128 Gesture and N-TIDIGITS from small files in their layouts."""

import struct
from pathlib import Path

import h5py
import pytest

from axonal.datasets.sets import cifar10_dvs, dvs_gesture, ntidigits
from axonal.datasets.sets.cifar10_dvs import CLASSES, INDEX_SHA256
from axonal.datasets.sets.split_index import split_index


def aedat2(path: Path, events: list[tuple[int, int, int, int]]) -> None:
    """Times, columns from the right, rows from below and whether it became darker: a DVS128."""
    head = b"#!AER-DAT2.0\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n"
    words = b"".join(struct.pack(">II", y << 8 | x << 1 | p, t) for t, x, y, p in events)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + words)


def aedat31(path: Path, events: list[tuple[int, int, int, int]]) -> None:
    """One packet of polarity events."""
    head = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"
    count = len(events)
    packet = struct.pack("<hhiiiiii", 1, 1, 8, 4, 0, count, count, count)
    words = b"".join(struct.pack("<Ii", x << 17 | y << 2 | p << 1 | 1, t) for t, x, y, p in events)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + packet + words)


def test_recordings_of_cifar10_dvs_are_split_by_the_index_that_ships(tmp_path: Path) -> None:
    test = split_index("cifar10_dvs", INDEX_SHA256)
    assert {kind: len(numbers) for kind, numbers in test.items()} == dict.fromkeys(CLASSES, 100)
    for kind in CLASSES:
        for k in range(12):
            aedat2(tmp_path / kind / f"cifar10_{kind}_{k}.aedat", [(90 + k, 5, 100, 1)])
    found = cifar10_dvs(tmp_path)
    assert len(found["train"]) + len(found["test"]) == 120
    for split, events in found.items():
        for sample in events:
            number = sample.groups["index"]
            assert (number in test[CLASSES[sample.label]]) == (split == "test")
            assert (sample.start, sample.recording.times.tolist()) == (90 + number, [0])
    first = found["train"][0].recording
    assert (first.x.tolist(), first.y.tolist(), first.p.tolist()) == ([122], [27], [0])
    assert found["train"].name.startswith("CIFAR10-DVS (train, 1")
    assert found["train"].name.endswith("of 9000 samples)")


def test_an_index_that_was_changed_is_refused() -> None:
    with pytest.raises(ValueError, match="install axonal again"):
        split_index("cifar10_dvs", "0" * 64)


def test_a_folder_of_other_recordings_is_refused(tmp_path: Path) -> None:
    for kind in CLASSES:
        aedat2(tmp_path / kind / f"cifar10_{kind}_1.aedat", [])
    (tmp_path / "cat" / "cifar10_cat_1.aedat").rename(tmp_path / "cat" / "one.aedat")
    with pytest.raises(ValueError, match=r"recordings cifar10_cat_<number>\.aedat, got none"):
        cifar10_dvs(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"airplane\.zip .* truck\.zip .* are missing"):
        cifar10_dvs(tmp_path / "nowhere")


@pytest.fixture
def gestures(tmp_path: Path) -> Path:
    folder = tmp_path / "DvsGesture"
    aedat31(folder / "user01_led.aedat", [(t, 3, 7, 1) for t in (10, 20, 30, 40, 50)])
    (folder / "user01_led_labels.csv").write_text(
        "class,startTime_usec,endTime_usec\n2,15,35\n11,40,60\n"
    )
    (folder / "trials_to_train.txt").write_text("user01_led.aedat\nuser02_lab.aedat\n")
    (folder / "trials_to_test.txt").write_text("user24_led.aedat\n")
    return tmp_path


@pytest.mark.parametrize("inside", ["", "DvsGesture"])
def test_gestures_are_cut_out_by_their_tables(gestures: Path, inside: str) -> None:
    found = dvs_gesture(gestures / inside, splits=["train"])["train"]
    assert found.name == "DVS128 Gesture (train, 1 of 2 recordings)"
    assert found.labels.tolist() == [1, 10]
    assert found.classes[10] == "other gestures"
    assert [found.times(k).tolist() for k in (0, 1)] == [[5, 15], [0, 10]]
    assert found.starts.tolist() == [15, 40]
    assert found.groups["user"].tolist() == [1, 1]
    assert found.groups["light"].tolist() == [3, 3]
    with pytest.raises(FileNotFoundError, match="holds none of the 1 recordings"):
        dvs_gesture(gestures / inside)


def test_a_list_of_something_else_is_refused(gestures: Path) -> None:
    (gestures / "DvsGesture" / "trials_to_train.txt").write_text("../../secret\n")
    with pytest.raises(ValueError, match="should list recordings user<number>"):
        dvs_gesture(gestures)


def test_single_digits_are_taken_from_n_tidigits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from axonal.datasets.sets.listed_file import ListedFile
    from axonal.datasets.sets.manifest import Manifest

    file = ListedFile("n-tidigits.hdf5")
    made = Manifest("N-TIDIGITS", ("ntidigits",), "nobody", {"train": (file,), "test": (file,)})
    monkeypatch.setitem(ntidigits.__globals__, "NTIDIGITS", made)
    with h5py.File(tmp_path / "n-tidigits.hdf5", "w") as layout:
        for name, seconds in {
            "man-ae-3": [0.5, 0.25],
            "man-ae-o": [1.0],
            "man-ae-12z": [1],
        }.items():
            layout[f"test_timestamps/{name}"] = [float(s) for s in seconds]
            layout[f"test_addresses/{name}"] = [60 + k for k in range(len(seconds))]
    found = ntidigits(tmp_path, splits=["test"])["test"]
    named = {found.classes[sample.label]: sample for sample in found}
    assert set(named) == {"3", "o"}
    assert named["3"].recording.times.tolist() == [0, 250_000]
    assert named["3"].recording.x.tolist() == [61, 60]
    assert named["3"].start == 250_000
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"n-tidigits\.hdf5 has the MD5"):
        ntidigits(tmp_path, splits=["test"])
