"""SHD and SSC from files in their layout."""

import logging
from pathlib import Path

import numpy as np
import pytest
from helpers.random_recordings import random_recording

from axonal.datasets import EventSet, Sensor, write_shd
from axonal.datasets.sets import shd, ssc

EVENTS = EventSet.from_recordings(
    [random_recording(Sensor(700), 50, k, span=900_000) for k in range(3)],
    [0, 19, 4],
    classes=map(str, range(20)),
    groups={"speaker": [3, 0, 11]},
)


def test_splits_are_read_and_a_part_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for split in ("train", "test"):
        write_shd(tmp_path / f"shd_{split}.h5", EVENTS, precision="float32")
    with caplog.at_level(logging.WARNING, "axonal"):
        found = shd(tmp_path)
    assert list(found) == ["train", "test"]
    assert found["test"].name == "SHD (test, 3 of 2264 samples)"
    assert "a part of the data is there: SHD (train, 3 of 8156 samples)" in caplog.text
    assert found["train"].labels.tolist() == [0, 19, 4]
    assert found["train"].groups["speaker"].tolist() == [3, 0, 11]
    np.testing.assert_array_equal(found["train"].times(1), EVENTS.times(1))


def test_one_split_is_enough(tmp_path: Path) -> None:
    write_shd(tmp_path / "ssc_valid.h5", EVENTS)
    assert list(ssc(tmp_path, splits=["valid"])) == ["valid"]
    with pytest.raises(FileNotFoundError, match=r"ssc_train\.h5\.zip.*ssc_test\.h5\.zip"):
        ssc(tmp_path)
