"""A part of the sensor."""

from dataclasses import dataclass

from axonal._base.checks import whole_number
from axonal.datasets.events import Recording, Sensor
from axonal.datasets.transforms._moved import relocated
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.transform import Transform, check_recording, draws


@dataclass(frozen=True)
class CropSpace(Transform):
    """The events of a rectangle, which becomes the sensor.

    x' = x - left, y' = y - top; events with x' outside 0..width - 1 or y' outside 0..height - 1 are
    left out, and counted as outside.

    Args:
        width: columns that stay.
        height: rows that stay.
        left: first column; None for one drawn at random, each as probable as the others.
        top: first row, or None.

    Raises:
        TypeError: no whole number.
        ValueError: a number out of range, or a rectangle that is not inside the sensor.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import CropSpace
    >>> recording = Recording.of([5, 9], [0, 3], [0, 1], 0, Sensor(4, 2))
    >>> part = CropSpace(2, 1, left=2, top=1)(recording)
    >>> part.x.tolist(), part.sensor
    ([1], Sensor(width=2, height=1, polarities=1))
    """

    width: int
    height: int = 1
    left: int | None = 0
    top: int | None = 0

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            whole_number("CropSpace", name, getattr(self, name))
        for name in ("left", "top"):
            if getattr(self, name) is not None:
                whole_number("CropSpace", name, getattr(self, name), 0)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Cut the rectangle out."""
        check_recording(self, recording)
        old = recording.sensor
        left, top = self.left, self.top
        if left is None or top is None:
            rng = draws(self, key)
            # both are drawn, so that a fixed left gives the same tops
            x, y = (int(rng.integers(max(1, n))) for n in self._places(old))
            left, top = x if left is None else left, y if top is None else top
        if left + self.width > old.width or top + self.height > old.height:
            raise ValueError(
                f"CropSpace expects a rectangle inside the sensor of {old.width} x {old.height}, "
                f"got {self.width} x {self.height} from column {left} and row {top}."
            )
        new = Sensor(self.width, self.height, old.polarities)
        x_, y_, p = old.coordinates(recording.addresses)
        return relocated(recording, x_ - left, y_ - top, p, new)

    def _places(self, sensor: Sensor) -> tuple[int, int]:
        return sensor.width - self.width + 1, sensor.height - self.height + 1
