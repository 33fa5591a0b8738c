"""Mirror images."""

from dataclasses import dataclass

import numpy as np

from axonal._base.checks import number, one_of
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import relocated
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.transform import Transform, check_recording, draws

AXES = ("x", "y", "p")


@dataclass(frozen=True)
class Flip(Transform):
    """Columns, rows or polarities in the opposite order: x' = width - 1 - x, and likewise y and p.

    Args:
        axis: "x" (left and right), "y" (up and down) or "p" (brighter and darker).
        probability: of the flip, for each sample; 1 draws nothing and needs no key.

    Raises:
        ValueError: another axis, a probability out of range.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import Flip
    >>> Flip("x")(Recording.of([5, 9], [0, 2], 0, 0, Sensor(4))).x.tolist()
    [3, 1]
    """

    axis: str
    probability: float = 1.0

    def __post_init__(self) -> None:
        one_of("Flip", "axis", self.axis, AXES)
        number("Flip", "probability", self.probability, 0, 1)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Flip, or leave as it is."""
        check_recording(self, recording)
        if self.probability < 1 and draws(self, key).random() >= self.probability:
            return Outcome(recording)
        sensor = recording.sensor
        places = list(sensor.coordinates(recording.addresses))
        which = AXES.index(self.axis)
        sizes = np.array([sensor.width, sensor.height, sensor.polarities])
        places[which] = sizes[which] - 1 - places[which]
        return relocated(recording, places[0], places[1], places[2], sensor)
