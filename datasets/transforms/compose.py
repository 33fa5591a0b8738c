"""Several transforms as one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from axonal.datasets.events import Recording
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.tally import Tally
from axonal.datasets.transforms.transform import Transform, check_recording


@dataclass(frozen=True)
class Compose(Transform):
    """Transforms one after the other, each with draws of its own.

    Args:
        transforms: in the order in which they are applied; none change nothing.

    Raises:
        TypeError: one that is no `Transform`.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import Compose, CropTime, Flip, Key
    >>> both = Compose([CropTime(0, 8), Flip("x", probability=0.5)])
    >>> outcome = both.apply(Recording.of([5, 9], [0, 3], 0, 0, Sensor(4)), Key(seed=0))
    >>> outcome.recording.times.tolist(), outcome.tally.outside
    ([5], 1)
    """

    transforms: Iterable[Transform]

    def __post_init__(self) -> None:
        if not isinstance(self.transforms, Iterable):
            raise TypeError(
                f"Compose expects a list of transforms, got {self.transforms!r:.60}. Write "
                "Compose([first, second]), with brackets also for a single one."
            )
        parts = tuple(self.transforms)
        wrong = next((part for part in parts if not isinstance(part, Transform)), None)
        if wrong is not None:
            raise TypeError(
                f"Compose expects transforms, got {wrong!r}. Is it a class? Write Flip('x'), not "
                "Flip."
            )
        object.__setattr__(self, "transforms", parts)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """All transforms in order; the tally is the sum of theirs, and so is the start."""
        check_recording(self, recording)
        total, start = Tally(), 0
        for place, transform in enumerate(self.transforms):
            outcome = transform.apply(recording, None if key is None else key.within(place))
            recording, total = outcome.recording, total + outcome.tally
            start += outcome.start
        return Outcome(recording, total, start)

    def description(self) -> dict[str, Any]:
        """Name, and the descriptions of the parts in their order."""
        return {"name": "Compose", "transforms": [one.description() for one in self.transforms]}
