"""Animations: a picture for every exposure, in files that are whole."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers.random_recordings import random_recording
from PIL import Image, ImageSequence

from axonal.datasets import Recording, Sensor
from axonal.datasets.pictures import animate

RECORDING = random_recording(Sensor(16, 12, 2), 200, 0, span=50_000)


def test_a_gif_has_a_picture_for_every_exposure(tmp_path: Path) -> None:
    path = animate(RECORDING, tmp_path / "a.gif", dt=10_000, rate=10, progress=False)
    with Image.open(path) as gif:
        pictures = [np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(gif)]
        assert gif.info["duration"] == 100
    assert len(pictures) == 5
    assert not np.array_equal(pictures[0], pictures[1])


def test_a_page_holds_its_pictures_and_asks_for_nothing(tmp_path: Path) -> None:
    path = animate(RECORDING, tmp_path / "a.html", dt=25_000, progress=False)
    text = path.read_text()
    assert len(re.findall(r'"iVBOR[^"]+"', text)) == 2
    assert 'max="1"' in text
    assert not re.search(r"https?:|//cdn|<link", text)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.mp4", {"dt": 10_000}, r"animate expects a file \.gif or \.html, got '.*a\.mp4'"),
        ("a.gif", {"dt": 0}, "animate expects dt as a whole number >= 1, got 0"),
        ("a.gif", {"dt": 1}, r"at most 2000 pictures, got .* ms with dt = 1 µs.* Write dt="),
        ("a.gif", {"dt": 10_000, "rate": 0}, "animate expects rate"),
    ],
)
def test_what_cannot_be_animated_is_refused_and_leaves_nothing(
    tmp_path: Path, name: str, options: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        animate(RECORDING, tmp_path / name, progress=False, **options)
    assert list(tmp_path.iterdir()) == []


def test_no_events_are_one_empty_picture(tmp_path: Path) -> None:
    nothing = Recording.of([], 0, 0, 0, Sensor(16, 12, 2))
    with Image.open(animate(nothing, tmp_path / "a.gif", dt=10, progress=False)) as gif:
        assert gif.n_frames == 1
