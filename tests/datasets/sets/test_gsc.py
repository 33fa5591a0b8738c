"""Speech Commands from a folder in its layout."""

from pathlib import Path

import numpy as np
import pytest
from helpers.sound import write_wav

from axonal.datasets import MelDelta
from axonal.datasets.sets import gsc
from axonal.datasets.sets.gsc import RATE, WORDS


@pytest.fixture
def words(tmp_path: Path) -> Path:
    t = np.arange(RATE // 4) / RATE
    for word in ("yes", "no", "zero"):
        (tmp_path / word).mkdir()
        for k in range(3):
            tone = 8000 * np.sin(2 * np.pi * (300 + 400 * k) * t)
            write_wav(tmp_path / word / f"{k}_nohash_0.wav", tone, rate=RATE)
    (tmp_path / "_background_noise_").mkdir()
    write_wav(tmp_path / "_background_noise_" / "pink.wav", t, rate=RATE)
    (tmp_path / "validation_list.txt").write_text("yes/1_nohash_0.wav\n")
    (tmp_path / "testing_list.txt").write_text("no/0_nohash_0.wav\nzero/2_nohash_0.wav\n")
    return tmp_path


def test_the_lists_are_the_split(words: Path) -> None:
    found = gsc(folder=words, cache=False)
    named = {split: [WORDS[label] for label in events.labels] for split, events in found.items()}
    assert named == {
        "train": ["no", "no", "yes", "yes", "zero", "zero"],
        "validation": ["yes"],
        "test": ["no", "zero"],
    }
    assert found["train"].name == "Speech Commands (train, 6 of 84843 samples)"
    assert found["train"].sensor.channels == 80
    (times, _), *_ = MelDelta(rate=RATE, highest=7800).encode(
        [np.rint(8000 * np.sin(2 * np.pi * 700 * np.arange(4000) / RATE)) / 32768]
    )
    assert abs(len(found["validation"][0].recording) - len(times)) <= 2


def test_another_rate_and_no_front_end_are_refused(words: Path) -> None:
    with pytest.raises(TypeError, match="gsc expects a front end"):
        gsc("mel", folder=words)  # type: ignore[arg-type]
    with pytest.raises(
        FileNotFoundError, match=r"2428923189 bytes, SHA256 af14739e.*download=True"
    ):
        gsc(folder=words / "yes")
