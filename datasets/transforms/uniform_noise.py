"""Events of noise."""

from dataclasses import dataclass

import numpy as np

from axonal._base.checks import number, whole_number
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import FARTHEST, in_order
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.tally import Tally
from axonal.datasets.transforms.transform import Transform, check_recording, draws

MOST_EVENTS = 2**28


@dataclass(frozen=True)
class UniformNoise(Transform):
    """Independent Poisson noise of every channel, at one rate from start to stop.

    The number of events is drawn from a Poisson distribution with mean
    rate x channels x (stop - start) / 1e6, their times and channels evenly.

    Args:
        rate: events per second and channel.
        start: in microseconds; None for the first event of the recording.
        stop: in microseconds, the first instant without noise; None for just after the last event.

    Raises:
        TypeError: no number.
        ValueError: a number out of range, a stop before the start, more than 2^28 events to be
            expected, or a recording with more per event than time and address.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import Key, UniformNoise
    >>> quiet = Recording.of([], 0, 0, 0, Sensor(10))
    >>> outcome = UniformNoise(100.0, start=0, stop=1_000_000).apply(quiet, Key(seed=0))
    >>> 800 < len(outcome.recording) == outcome.tally.added < 1200
    True
    """

    rate: float
    start: int | None = None
    stop: int | None = None

    def __post_init__(self) -> None:
        number("UniformNoise", "rate", self.rate, 0)
        low = -FARTHEST
        for name in ("start", "stop"):
            if getattr(self, name) is not None:
                low = whole_number("UniformNoise", name, getattr(self, name), low, FARTHEST)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Draw the noise, and sort it in."""
        check_recording(self, recording)
        rng = draws(self, key)
        if recording.extra:
            raise ValueError(
                f"UniformNoise expects events of time and address only, got "
                f"{', '.join(recording.extra)} as well, which noise has none of. Write "
                "Recording(r.times, r.addresses, r.sensor)."
            )
        first, last = (0, -1) if not len(recording) else map(int, recording.times[[0, -1]])
        start = first if self.start is None else self.start
        stop = last + 1 if self.stop is None else self.stop
        span, channels = max(0, stop - start), recording.sensor.channels
        expected = self.rate * channels * (span / 1e6)
        if expected > MOST_EVENTS:
            raise ValueError(
                f"UniformNoise expects at most {MOST_EVENTS} events of noise, got a rate of "
                f"{self.rate:g} per second for {channels} channels and {span / 1e6:g} s: "
                f"{expected:g} events."
            )
        count = int(rng.poisson(expected))
        times = rng.integers(start, start + max(1, span), count)
        addresses = rng.integers(0, channels, count, np.uint32)
        times = np.concatenate([recording.times, times])
        addresses = np.concatenate([recording.addresses, addresses])
        # a stable order keeps the recording's own events first among equal times
        order = np.argsort(times, kind="stable")
        noisy = in_order(times, addresses, recording.sensor, {}, order)
        return Outcome(noisy, Tally(added=count))
