"""Files with many samples: gestures by their table, spoken digits by their names."""

from pathlib import Path

import h5py
import pytest
from helpers import event_files

from axonal.datasets import EventFileError, read_gestures, read_ntidigits

HEAD = "class,startTime_usec,endTime_usec\n"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "user01_led.aedat"
    events = [(10 * k, k % 128, k % 100, k % 2) for k in range(1000)]
    packets = [event_files.aedat3_packet(events[k : k + 100]) for k in range(0, 1000, 100)]
    path.write_bytes(event_files.aedat3(*packets))
    return path


def test_gestures_are_cut_by_their_table(recording: Path) -> None:
    table = recording.with_name("user01_led_labels.csv")
    table.write_text(HEAD + "3,5000,5100\r\n1,100,250\n")
    found = list(read_gestures(recording))
    assert [(one.label, one.start, one.stop) for one in found] == [(0, 100, 250), (2, 5000, 5100)]
    assert [one.recording.times[[0, -1]].tolist() for one in found] == [[100, 240], [5000, 5090]]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("class,start,end\n", "byte 0: expected the line class,startTime_usec,endTime_usec"),
        (HEAD + "1,2\n", "byte 34: expected three whole numbers"),
        (HEAD + "1,2,x\n", "byte 34: expected three whole numbers"),
        (HEAD + "12,2,3\n", "byte 34: class 12 from 2 to 3; classes are 1 to 11"),
        (HEAD + "1,3,2\n", "class 1 from 3 to 2"),
    ],
)
def test_a_table_that_is_none_is_one_line(recording: Path, text: str, line: str) -> None:
    table = recording.with_name("labels.csv")
    table.write_text(text)
    with pytest.raises(EventFileError, match=line):
        list(read_gestures(recording, table))


def test_spoken_digits_are_read_one_after_another(tmp_path: Path) -> None:
    path = tmp_path / "n-tidigits.hdf5"
    with h5py.File(path, "w") as file:
        for name in ("man-ab-o", "woman-cd-1z2"):
            file[f"train_timestamps/{name}"] = [0.5, 0.25, 0.25]
            file[f"train_addresses/{name}"] = [63, 3, 2]
        file["test_timestamps/boy-ef-9"] = [float("nan")]
        file["test_addresses/boy-ef-9"] = [1]
    found = list(read_ntidigits(path, "train"))
    assert [one.digits for one in found] == ["o", "1z2"]
    assert found[0].recording.times.tolist() == [250_000, 250_000, 500_000]
    assert found[0].recording.x.tolist() == [3, 2, 63]
    with pytest.raises(EventFileError, match="boy-ef-9 has a time that is no number of seconds"):
        list(read_ntidigits(path, "test"))
    with pytest.raises(ValueError, match="split as one of train, test"):
        list(read_ntidigits(path, "valid"))


def test_an_address_outside_the_cochlea_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "n-tidigits.hdf5"
    with h5py.File(path, "w") as file:
        file["test_timestamps/a-1"], file["test_addresses/a-1"] = [0.5], [64]
    with pytest.raises(EventFileError, match="x = 64, outside a sensor"):
        list(read_ntidigits(path, "test"))
