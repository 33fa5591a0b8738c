"""Recordings of a DVS written as Event Stream 2.0."""

from os import PathLike
from pathlib import Path

import numpy as np

from axonal._base.files import whole_file
from axonal.datasets.events import Recording

AT_A_TIME = 1 << 20
FULL = 127
"""Microseconds that an overflow byte stands for."""
LONGEST_GAP = 10**9
WIDEST = 2**16 - 1


def write_es(path: str | PathLike[str], recording: Recording) -> Path:
    """Write a recording as Event Stream 2.0, events of a DVS.

    An event is 5 bytes: the time since the one before, below 127 microseconds, and its polarity;
    column [2]; row [2]. A byte of 255 before it stands for 127 microseconds more.

    Args:
        path: of the file; it is replaced if it exists, and whole at every moment.
        recording: of a sensor with one or two polarities; times from 0 on. What it has per event
            beside time, place and polarity is not written, and one polarity is read back as two,
            all events of polarity 0: the format does not say how many there are.

    Returns:
        the path.

    Raises:
        ValueError: a sensor that is too large, a time below 0, or a gap of more than 1000 seconds.
        OSError: the path cannot be written; the line says why.

    Source: github.com/neuromorphic-paris/event_stream.

    >>> import tempfile
    >>> from axonal.datasets import Recording, Sensor, read
    >>> made = Recording.of([0, 900], [0, 3], [1, 1], [0, 1], Sensor(4, 2, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read(write_es(f"{folder}/a.es", made)).times.tolist()
    [0, 900]
    """
    sensor, times = recording.sensor, recording.times
    if max(sensor.width, sensor.height) > WIDEST:
        raise ValueError(f"Event Stream has room for sizes up to {WIDEST}, got {sensor}.")
    if sensor.polarities > 2:
        raise ValueError(f"Event Stream has room for two polarities, got {sensor}.")
    if len(times) and times[0] < 0:
        raise ValueError(f"Event Stream begins at time 0, got an event at {times[0]} microseconds.")
    steps = np.diff(times, prepend=0)
    if len(steps) and steps.max() > LONGEST_GAP:
        raise ValueError(
            f"write_es expects gaps of at most {LONGEST_GAP} microseconds, each of which is a byte "
            f"per {FULL} microseconds, got {steps.max()}. Take the first time off all: does the "
            "clock count from 1970?"
        )
    path = Path(path)
    with whole_file(path) as part, part.open("wb") as file:
        file.write(b"Event Stream" + bytes((2, 0, 0, 1)))
        file.write(np.array([sensor.width, sensor.height], "<u2").tobytes())
        for begin in range(0, len(times), AT_A_TIME):
            some = recording.take(slice(begin, begin + AT_A_TIME))
            file.write(_packed(some, steps[begin : begin + AT_A_TIME]))
    return path


def _packed(recording: Recording, steps: np.ndarray) -> bytes:
    more, rest = np.divmod(steps, FULL)
    events = np.zeros(len(steps), [("step", "u1"), ("x", "<u2"), ("y", "<u2")])
    events["step"] = rest << 1 | recording.p
    events["x"], events["y"] = recording.x, recording.y
    found = np.full(int(more.sum()) + events.nbytes, 0xFF, np.uint8)
    begins = np.cumsum(more) + events.itemsize * np.arange(len(events))
    found[begins[:, None] + np.arange(events.itemsize)] = events.view(np.uint8).reshape(-1, 5)
    return found.tobytes()
