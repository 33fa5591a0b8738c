"""One sample made of two."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from axonal._base.checks import number, whole_number
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import FARTHEST, check_clock, in_order, relocated, retimed
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.tally import Tally
from axonal.datasets.transforms.transform import draws, plain


@dataclass(frozen=True)
class Blend:
    """A mixture of two samples of one class, with their centres of mass on each other.

    The second sample is moved by whole microseconds and pixels, so that the means of its times,
    columns and rows become those of the first, to within half a unit. Then each event of the first
    stays with the probability ``share``, each of the second with 1 - share. Events that are moved
    out of the sensor, or to before ``start``, are counted as outside.

    Args:
        share: of the first sample, 0 to 1.
        start: in microseconds; samples of a set begin at 0. None leaves none out.

    Raises:
        TypeError: no number.
        ValueError: a number out of range, or samples of unlike sensors or with unlike extra arrays.

    Source: after Nowotny, Turner and Knight, Neuromorphic Computing and Engineering 5, 2025
    (arXiv 2212.01232), who blend the Spiking Heidelberg Digits with a share of 0.5.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import Blend, Key
    >>> one = Recording.of([5, 9], [0, 2], 0, 0, Sensor(8))
    >>> other = Recording.of([15, 19], [3, 5], 0, 0, Sensor(8))
    >>> mixed = Blend(share=0.0)(one, other, Key(seed=0))
    >>> mixed.times.tolist(), mixed.x.tolist()
    ([5, 9], [0, 2])
    """

    share: float = 0.5
    start: int | None = 0

    def __post_init__(self) -> None:
        number("Blend", "share", self.share, 0, 1)
        if self.start is not None:
            whole_number("Blend", "start", self.start, -FARTHEST, FARTHEST)

    def __call__(self, one: Recording, other: Recording, key: Key) -> Recording:
        """The mixture; `apply` gives the account of its events, too."""
        return self.apply(one, other, key).recording

    def apply(self, one: Recording, other: Recording, key: Key) -> Outcome:
        """Mix two samples; the tally counts the events of both."""
        for sample in (one, other):
            if not isinstance(sample, Recording):
                raise TypeError(
                    f"Blend expects two Recordings, got {type(sample).__name__}. Write "
                    "Blend(...)(one.recording, other.recording, key) for samples of a set, "
                    "Transformed(events, transform, blend=Blend(...)) for all of them."
                )
        rng = draws(self, key)
        if one.sensor != other.sensor or set(one.extra) != set(other.extra):
            raise ValueError(
                "Blend expects two samples of one sensor with the same extra arrays, got "
                f"{one.sensor} with {sorted(one.extra)} and {other.sensor} with "
                f"{sorted(other.extra)}."
            )
        aligned = _aligned(one, other, self.start)
        moved = aligned.recording
        kept = np.concatenate(
            [rng.random(len(one)) < self.share, rng.random(len(moved)) >= self.share]
        )
        extra = {name: np.concatenate([one.extra[name], moved.extra[name]]) for name in one.extra}
        times = np.concatenate([one.times, moved.times])
        addresses = np.concatenate([one.addresses, moved.addresses])
        order = np.argsort(times, kind="stable")
        both = in_order(times, addresses, one.sensor, extra, order[kept[order]])
        return Outcome(both, aligned.tally + Tally(dropped=len(kept) - int(kept.sum())))

    def description(self) -> dict[str, Any]:
        """Name and settings, as JSON holds them."""
        return {"name": "Blend", "share": plain(self.share), "start": plain(self.start)}


def _aligned(one: Recording, other: Recording, start: int | None) -> Outcome:
    """The other sample with its centre of mass on that of the first; an empty one has none."""
    if not len(one) or not len(other):
        return Outcome(other)
    check_clock("Blend", one.times)
    check_clock("Blend", other.times)
    first, second = (r.sensor.coordinates(r.addresses) for r in (one, other))
    # means of what passed since the first event are exact where those of whole clocks are not
    later = round(float((one.times - one.times[0]).mean() - (other.times - other.times[0]).mean()))
    later += int(one.times[0]) - int(other.times[0])
    right, down = (round(float(first[k].mean() - second[k].mean())) for k in (0, 1))
    x, y, p = second
    placed = relocated(other, x + right, y + down, p, other.sensor)
    timed = retimed(placed.recording, placed.recording.times + later, start)
    return Outcome(timed.recording, placed.tally + timed.tally)
