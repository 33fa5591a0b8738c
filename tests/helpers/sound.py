"""Recordings made up for tests: as many as there are real ones, and short."""

import wave
from pathlib import Path
from typing import Any

import numpy as np

from axonal.datasets._fsdd import file_names

TINY = {"hidden": 3, "epochs": 3, "batch": 512, "steps": 8, "silence": 4, "max_delay": 3}
"""Settings of the recipe spoken-digits with which a training takes no time."""


def write_wav(path: Path, x: Any, *, rate: int = 8000, channels: int = 1, width: int = 2) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        sound.writeframes(np.asarray(x, f"<i{width}").tobytes())


def write_recordings(folder: Path) -> Path:
    """A folder like that of the Free Spoken Digit Dataset: 60 ms of a tone for every recording."""
    (folder / "recordings").mkdir()
    t = np.arange(480) / 8000
    for index, name in enumerate(file_names()):
        x = 8000 * np.sin(2 * np.pi * (200 + index) * t)
        write_wav(folder / "recordings" / name, x)
    return folder
