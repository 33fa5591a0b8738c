"""All events some channels or pixels to the side."""

from dataclasses import dataclass

from axonal._base.checks import whole_number
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import relocated
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.transform import Transform, check_recording, draws

FARTHEST = 2**32


@dataclass(frozen=True)
class Shift(Transform):
    """A random shift of all events of a sample by whole channels.

    x' = x + u with u drawn evenly from -dx..dx, and likewise y with dy. Events that leave the
    sensor are counted as outside. ``Shift(40)`` is the source's for the Spiking Heidelberg Digits.

    Args:
        dx: most columns, or channels of a cochlea, to either side.
        dy: most rows.

    Raises:
        TypeError: no whole number.
        ValueError: a number out of range.

    Source: Nowotny, Turner and Knight, Neuromorphic Computing and Engineering 5, 2025
    (arXiv 2212.01232).

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import Key, Shift
    >>> recording = Recording.of([5, 9], [300, 310], 0, 0, Sensor(700))
    >>> x = Shift(40)(recording, Key(seed=0)).x
    >>> int(x[1] - x[0]), bool(abs(x[0] - 300) <= 40)
    (10, True)
    """

    dx: int
    dy: int = 0

    def __post_init__(self) -> None:
        whole_number("Shift", "dx", self.dx, 0, FARTHEST)
        whole_number("Shift", "dy", self.dy, 0, FARTHEST)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Draw both shifts, and move the events."""
        check_recording(self, recording)
        rng = draws(self, key)
        right = int(rng.integers(-self.dx, self.dx, endpoint=True))
        down = int(rng.integers(-self.dy, self.dy, endpoint=True))
        x, y, p = recording.sensor.coordinates(recording.addresses)
        return relocated(recording, x + right, y + down, p, recording.sensor)
