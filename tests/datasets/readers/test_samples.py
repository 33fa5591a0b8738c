"""Recordings of other people's cameras, held against what is known of them."""

from pathlib import Path

import numpy as np
import pytest
from helpers import needs

from axonal.datasets import EventFileError, Recording, Sensor, mnist, read


@pytest.fixture(scope="module")
def samples() -> Path:
    return needs.data("event-samples")


def counter_falls(path: Path) -> np.ndarray:
    """For every event of a file of EVT 3.0, how often its TIME_LOW has fallen before it.

    Counted from the words alone: kinds 2, 4 and 5 hold events, kind 6 is the lower half of a time.
    """
    content = path.read_bytes()
    words = np.frombuffer(content[content.rindex(b"\n% ", 0, 200) :].split(b"\n", 2)[2], "<u2")
    kinds, fields = words >> 12, words & 0xFFF
    low = np.flatnonzero(kinds == 6)
    falls = np.zeros(len(words), int)
    falls[low[1:]] = np.diff(fields[low].astype(int)) < 0
    valid = np.where(kinds == 5, fields & 0xFF, fields)
    held = np.where(
        kinds == 2, 1, np.where((kinds == 4) | (kinds == 5), np.bitwise_count(valid), 0)
    )
    return np.repeat(np.cumsum(falls), held)


def test_evt3_is_its_reference_decode_but_for_a_counted_error_of_the_clock(samples: Path) -> None:
    path = samples / "prophesee" / "evt3_sample.raw"
    found, reference = read(path), np.load(path.with_suffix(".npy"))
    assert len(found) == len(reference) == 219_596
    for name in "xyp":
        np.testing.assert_array_equal(getattr(found, name), reference[name])
    # The reference adds 4096 microseconds whenever the lower half of the time falls, also where the
    # upper half has told so itself, and where the camera steps back by some microseconds. By the
    # words of the file the recording takes 8.8 ms; by the reference it takes 53.9 ms.
    falls = counter_falls(path)
    np.testing.assert_array_equal(found.times + 4096 * falls, reference["t"])
    assert (falls[-1], found.times[0], found.times[-1]) == (11, 11_718_656, 11_727_457)


def test_evt3_takes_as_long_as_its_upper_halves_say(samples: Path) -> None:
    found = read(samples / "prophesee" / "evt3_sample.raw")
    assert set((found.times >> 12).tolist()) == {2861, 2862, 2863}
    assert found.sensor == Sensor(1280, 720, 2)


def ends(recording: Recording) -> list[tuple[int, ...]]:
    columns = (recording.times, recording.x, recording.y, recording.p)
    return [tuple(int(one[k]) for one in columns) for k in (0, -1)]


# number of events, sensor, first and last event
KNOWN = {
    "event_stream/evt2.raw": (
        521_252, Sensor(640, 480, 2), [(913_716_224, 35, 443, 1), (913_812_095, 12, 471, 0)]
    ),
    "event_stream/dvs.es": (473_225, Sensor(320, 240, 2), [(0, 0, 239, 1), (999_000, 38, 46, 1)]),
    "event_stream/color.es": (473_225, Sensor(320, 240), [(0, 0, 239, 0), (999_000, 38, 46, 0)]),
    "tonic/sample_ncars.dat": (2009, Sensor(304, 240, 2), [(0, 25, 8, 0), (99_952, 75, 28, 1)]),
    "tonic/sample_nmnist.bin": (4325, Sensor(34, 34, 2), [(654, 7, 15, 1), (311_175, 21, 14, 1)]),
    "slayer/NMNIST_1.bs2": (4681, Sensor(34, 34, 2), [(893, 18, 16, 1), (305_924, 10, 10, 0)]),
    "slayer/NTIDIGITS_1.bs1": (898, Sensor(256, 1, 2), [(0, 63, 0, 1), (1_079_040, 19, 0, 1)]),
    "tonic/sample.aedat4": (
        111_954,
        Sensor(320, 240, 2),
        [(1_605_537_493_718_345, 154, 204, 0), (1_605_537_494_308_262, 88, 237, 1)],
    ),
    "tonic/sample_stmnist.mat": (2346, Sensor(10, 10, 2), [(196_626, 5, 4, 0), (895_745, 6, 4, 1)]),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_a_recording_has_the_events_that_its_publishers_count(samples: Path, name: str) -> None:
    count, sensor, first_and_last = KNOWN[name]
    found = read(samples / name)
    assert (len(found), found.sensor, ends(found)) == (count, sensor, first_and_last)
    assert (np.diff(found.times) >= 0).all()


def test_a_header_without_events_says_what_is_missing(samples: Path) -> None:
    with pytest.raises(EventFileError, match=r"aedat, byte 599: the header ends within the pref"):
        read(samples / "tonic" / "sample_aedat_header.aedat")


def test_every_sample_is_read_or_refused_by_a_test_here(samples: Path) -> None:
    there = {str(one.relative_to(samples)) for one in samples.rglob("*") if one.is_file()}
    others = {
        "README.md", "SHA256SUMS", "prophesee/evt3_sample.npy", "prophesee/evt3_sample.raw",
        "tonic/sample_aedat_header.aedat",
    }  # fmt: skip
    assert there == others | set(KNOWN)


def test_a_matrix_of_matlab_is_as_scipy_reads_it(samples: Path) -> None:
    from scipy.io import loadmat

    path = samples / "tonic" / "sample_stmnist.mat"
    train, found = loadmat(path)["spiketrain"], read(path)
    column, row = np.nonzero(train[:-1].T)
    np.testing.assert_array_equal(found.y * 10 + found.x, row)
    np.testing.assert_array_equal(found.p, train[row, column] > 0)
    np.testing.assert_array_equal(found.times, np.rint(1e6 * train[-1, column]))


def test_colours_are_three_columns_beside_each_event(samples: Path) -> None:
    found = read(samples / "event_stream" / "color.es")
    assert found.extra["rgb"].shape == (473_225, 3)
    assert found.extra["rgb"][0].tolist() == [154, 155, 163]


def test_the_labels_of_n_mnist_are_those_of_mnist() -> None:
    folder = needs.data("nmnist-small") / "NMNIST"
    found = {split: sorted((folder / split).glob("*/*.bin")) for split in ("Train", "Test")}
    assert {split: len(files) for split, files in found.items()} == {"Train": 1000, "Test": 100}
    events = 0
    for split, files in found.items():
        _, labels = mnist(split.lower(), needs.data("mnist") / "MNIST" / "raw")
        for file in files:
            assert int(file.parent.name) == labels[int(file.stem) - 1], file
            events += len(read(file))
    assert events == 4_518_827
