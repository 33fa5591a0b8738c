"""Turned images."""

import math
from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import Int64Array
from axonal._base.checks import number
from axonal.datasets.events import Recording, Sensor
from axonal.datasets.transforms._moved import relocated
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.transform import Transform, check_recording, draws


@dataclass(frozen=True)
class Rotate(Transform):
    """The picture turned counter-clockwise, as it is seen with row 0 on top.

    Multiples of 90 degrees are exact: every event stays, and width and height change places for 90
    and 270. At any other angle a, about the centre of a sensor that stays as it is,

        x' = round(cx + (x - cx) cos a + (y - cy) sin a)
        y' = round(cy - (x - cx) sin a + (y - cy) cos a)

    with cx = (width - 1) / 2, cy = (height - 1) / 2, and half rounded up. Events that leave the
    sensor are counted as outside. Rounding takes some neighbours to one pixel and leaves others
    without events.

    Args:
        degrees: the angle.
        spread: the angle is drawn for each sample, evenly from degrees - spread to
            degrees + spread; 0 draws nothing and needs no key.

    Raises:
        ValueError: no finite number, or a spread outside 0 to 180.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import Rotate
    >>> turned = Rotate(90)(Recording.of([5], [2], [0], 0, Sensor(3, 2)))
    >>> turned.x.tolist(), turned.y.tolist(), turned.sensor.shape
    ([0], [0], (1, 3, 2))
    """

    degrees: float = 0.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        number("Rotate", "degrees", self.degrees)
        number("Rotate", "spread", self.spread, 0, 180)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Turn the picture."""
        check_recording(self, recording)
        old, angle = recording.sensor, self.degrees
        if self.spread:
            angle += float(draws(self, key).uniform(-self.spread, self.spread))
        elif not angle % 90:
            return _quarters(recording, int(angle // 90) % 4)
        x, y, p = old.coordinates(recording.addresses)
        cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        cx, cy = (old.width - 1) / 2, (old.height - 1) / 2
        right, down = x - cx, y - cy
        new_x = np.floor(cx + right * cosine + down * sine + 0.5).astype(np.int64)
        new_y = np.floor(cy - right * sine + down * cosine + 0.5).astype(np.int64)
        return relocated(recording, new_x, new_y, p, old)


def _quarters(recording: Recording, turns: int) -> Outcome:
    """Quarter turns, none of which loses an event."""
    sensor = recording.sensor
    x, y, p = sensor.coordinates(recording.addresses)
    for _ in range(turns):
        x, y = _quarter(x, y, sensor)
        sensor = Sensor(sensor.height, sensor.width, sensor.polarities)
    return relocated(recording, x, y, p, sensor)


def _quarter(x: Int64Array, y: Int64Array, sensor: Sensor) -> tuple[Int64Array, Int64Array]:
    return y, sensor.width - 1 - x
