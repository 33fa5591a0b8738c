"""Background activity of a camera, told from the events that objects cause."""

from dataclasses import dataclass

import numpy as np

from axonal._base.checks import whole_number
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import FARTHEST, check_clock
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.tally import Tally
from axonal.datasets.transforms.transform import Transform, check_recording

WIDEST = 64
LARGEST = 2**27
"""Pixels whose last events are kept, 1 GiB of memory."""


@dataclass(frozen=True)
class ActivityFilter(Transform):
    """The events that have company: a neighbour fired at most ``window`` before them.

    An event at (t, x, y) passes if an earlier event (t', x', y') of the recording, of any polarity
    and whether or not it passed, has t - t' <= window, |x - x'| <= radius and |y - y'| <= radius,
    and is not of the same pixel. Of events at one instant the first in the recording is the
    earlier one. The others are counted as dropped: noise of single pixels, and the first events of
    whatever moves.

    Args:
        window: microseconds.
        radius: pixels to each side, 1 to 64; 1 for the eight neighbours.

    Raises:
        TypeError: no whole number.
        ValueError: a number out of range, or events over more than 2^27 pixels.

    Source: Delbruck, Frame-free dynamic digital vision, Symposium on Secure-Life Electronics, 2008.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import ActivityFilter
    >>> recording = Recording.of([5, 8, 9], [0, 1, 9], [0, 0, 5], 0, Sensor(10, 10))
    >>> ActivityFilter(window=5)(recording).times.tolist()
    [8]
    """

    window: int
    radius: int = 1

    def __post_init__(self) -> None:
        whole_number("ActivityFilter", "window", self.window, 0, FARTHEST - 1)
        whole_number("ActivityFilter", "radius", self.radius, 1, WIDEST)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Let through what has company."""
        check_recording(self, recording)
        if not len(recording):
            return Outcome(recording)
        check_clock("ActivityFilter", recording.times)
        x, y, _ = recording.sensor.coordinates(recording.addresses)
        # memory follows the events, not the size that a file says
        x, y = x - x.min(), y - y.min()
        rows, columns = (int(one.max()) + 1 + 2 * self.radius for one in (y, x))
        if rows * columns > LARGEST:
            raise ValueError(
                f"ActivityFilter expects events over at most {LARGEST} pixels, got {columns} x "
                f"{rows} with its border. Is the sensor right? Got {recording.sensor}."
            )
        # the compiler is imported where it is needed
        from axonal.datasets.transforms import cpu

        # below every t - window that there can be
        latest = np.full((rows, columns), np.iinfo(np.int64).min)
        kept = np.empty(len(recording), np.bool_)
        cpu.company(recording.times, x, y, self.window, self.radius, latest, kept)
        left = recording.take(kept)
        return Outcome(left, Tally(dropped=len(recording) - len(left)))
