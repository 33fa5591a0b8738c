"""Recordings written as EVT 2.0."""

from os import PathLike
from pathlib import Path

import numpy as np

from axonal._base.files import whole_file
from axonal.datasets.events import Recording

AT_A_TIME = 1 << 20
LARGEST = 2048
LAST_TIME = 2**34
TIME_HIGH = 8


def write_evt2(path: str | PathLike[str], recording: Recording) -> Path:
    """Write a recording as a .raw file of Prophesee's, EVT 2.0.

    Words are 32 bits, little-endian. An event is type [4] (its polarity), time modulo 64 [6],
    column [11], row [11]; a word of type 8 before it has the time divided by 64 [28], whenever that
    has changed.

    Args:
        path: of the file; it is replaced if it exists, and whole at every moment.
        recording: of a sensor of at most 2048 x 2048 with one or two polarities; times from 0 to
            2^34 microseconds. What it has per event beside time, place and polarity is not written,
            and one polarity is read back as two, all events of polarity 0: the format does not say
            how many there are.

    Returns:
        the path.

    Raises:
        ValueError: a sensor or a time that the format has no room for.
        OSError: the path cannot be written; the line says why.

    Source: docs.prophesee.ai, EVT 2.0 Format.

    >>> import tempfile
    >>> from axonal.datasets import Recording, Sensor, read
    >>> made = Recording.of([5, 900], [0, 3], [1, 1], [0, 1], Sensor(4, 2, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = read(write_evt2(f"{folder}/a.raw", made))
    >>> found.times.tolist(), found.sensor == made.sensor
    ([5, 900], True)
    """
    sensor, times = recording.sensor, recording.times
    if max(sensor.width, sensor.height) > LARGEST or sensor.polarities > 2:
        raise ValueError(
            f"EVT 2.0 has room for {LARGEST} x {LARGEST} pixels with two polarities, got {sensor}."
        )
    if len(times) and not 0 <= times[0] <= times[-1] < LAST_TIME:
        raise ValueError(
            f"EVT 2.0 has room for times from 0 to 2^34 microseconds, got {times[0]} to "
            f"{times[-1]}. Take the first time off all: does the clock count from 1970?"
        )
    path = Path(path)
    size = f"height={sensor.height};width={sensor.width}"
    with whole_file(path) as part, part.open("wb") as file:
        file.write(
            f"% evt 2.0\n% format EVT2;{size}\n"
            f"% geometry {sensor.width}x{sensor.height}\n% end\n".encode()
        )
        told = -1
        for begin in range(0, len(times), AT_A_TIME):
            some = recording.take(slice(begin, begin + AT_A_TIME))
            file.write(_packed(some, told))
            told = int(some.times[-1]) >> 6
    return path


def _packed(recording: Recording, told: int) -> bytes:
    upper = recording.times >> 6
    changed = np.diff(upper, prepend=told) != 0
    events = (
        recording.p << 28 | (recording.times & 63) << 22 | recording.x << 11 | recording.y
    ).astype("<u4")
    places = np.arange(len(events)) + np.cumsum(changed)
    found = np.empty(len(events) + int(changed.sum()), "<u4")
    found[places] = events
    found[places[changed] - 1] = (TIME_HIGH << 28 | upper[changed]).astype("<u4")
    return found.tobytes()
