"""Sets of events that are drawn, and their samples in pieces."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from axonal.datasets import EventSet, Origin, Recording, Sensor, StreamedSample

SENSOR = Sensor(6, 5, 2)
ABOUT: dict[str, Any] = {"sensor": SENSOR, "classes": ("a", "b", "c"), "name": "drawn"}
ORIGIN = Origin("made", ({"transform": "crop", "size": 3},))


def drawn(
    seed: int = 0, samples: int = 6, sensor: Sensor = SENSOR, span: int = 300_000
) -> EventSet:
    rng = np.random.default_rng(seed)
    sizes = rng.choice([0, 1, 2, 60], samples)
    times = [np.sort(rng.integers(0, span, n)) for n in sizes]
    return EventSet.of(
        np.concatenate([np.zeros(0, np.int64), *times]),
        rng.integers(0, sensor.channels, sizes.sum()),
        np.cumsum([0, *sizes]),
        rng.integers(-1, 3, samples),
        sensor=sensor,
        classes=("a", "b", "c"),
        name="drawn",
        starts=rng.integers(0, 2**40, samples),
        groups={"speaker": rng.integers(0, 9, samples), "take": rng.integers(0, 9, samples)},
    )


def assert_same(a: EventSet, b: EventSet) -> None:
    for name in ("low", "addresses", "boundaries", "first_period", "starts", "labels"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype
    assert (a.sensor, a.classes, a.name) == (b.sensor, b.classes, b.name)
    assert {k: v.tolist() for k, v in a.groups.items()} == {
        k: v.tolist() for k, v in b.groups.items()
    }


def streamed(events: EventSet, piece: int) -> Iterator[StreamedSample]:
    """The samples of a set in pieces, on the clocks of their recordings."""
    for one in events:
        whole = one.recording
        clock = Recording(whole.times + one.start, whole.addresses, whole.sensor)
        pieces = [clock.take(slice(k, k + piece)) for k in range(0, len(clock), piece)]
        yield StreamedSample(pieces, one.label, one.start, one.groups)
