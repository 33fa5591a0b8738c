"""Events that go to tonic and come from it, with the real package."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tonic
import tonic.transforms as theirs
from helpers import needs
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import (
    EventSet,
    Grid,
    Recording,
    Sensor,
    TonicSamples,
    TonicTransform,
    counts,
    from_tonic,
    read_header,
    to_tonic,
)
from axonal.datasets.transforms import Compose, Flip, Key, Transformed

CAMERA = Sensor(12, 9, 2)
SIZE = (12, 9, 2)


def recording(sensor: Sensor = CAMERA, events: int = 400, seed: int = 0) -> Recording:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, 100_000, events))
    return Recording(times, rng.integers(0, sensor.channels, events).astype(np.uint32), sensor)


def event_set(sensor: Sensor = CAMERA) -> EventSet:
    parts = [recording(sensor, n, n) for n in (400, 0, 33)]
    return EventSet.from_recordings(parts, [1, -1, 0], classes=("no", "yes"), name="some")


class Theirs(tonic.Dataset):
    """A data set as tonic makes its own: structured arrays from its function, in a given order."""

    classes = ("no", "yes")

    def __init__(self, samples: list[tuple[Any, Any]], size: tuple[int, int, int] | None) -> None:
        super().__init__(save_to=".")
        self.samples, self.sensor_size = samples, size

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.samples[index]

    def __len__(self) -> int:
        return len(self.samples)


def same(one: Recording, other: Recording) -> bool:
    return (
        one.sensor == other.sensor
        and np.array_equal(one.times, other.times)
        and np.array_equal(one.addresses, other.addresses)
    )


@pytest.mark.parametrize("sensor", [CAMERA, Sensor(12, 9), Sensor(700), Sensor(40_000, 2, 2)])
def test_what_goes_to_tonic_and_back_is_the_same(sensor: Sensor) -> None:
    events = event_set(sensor)
    back = from_tonic(to_tonic(events), name="some", progress=False)
    assert (back.classes, back.sensor, back.name) == (events.classes, events.sensor, events.name)
    assert back.labels.tolist() == events.labels.tolist()
    assert all(same(back[i].recording, events[i].recording) for i in range(3))


@pytest.mark.parametrize(
    "kind",
    [
        tonic.datasets.NMNIST,
        tonic.datasets.DVSGesture,
        tonic.datasets.CIFAR10DVS,
        tonic.datasets.TUMVIE,
    ],
)
def test_samples_in_each_order_and_type_of_tonic_are_read(kind: Any) -> None:
    made = recording()
    events = np.empty(len(made), kind.dtype)
    for name in "xyp":
        events[name] = getattr(made, name)
    events["t"] = made.times
    found = from_tonic(Theirs([(events, 1)], SIZE), progress=False)
    assert same(found[0].recording, made)
    assert found.name == "Theirs"


def test_spikes_without_rows_and_with_one_polarity_are_read() -> None:
    line = tonic.io.make_structured_array([4, 9], [3, 699], 1, dtype=tonic.datasets.SHD.dtype)
    found = from_tonic(Theirs([(line, np.int64(0))], (700, 1, 1)), progress=False)
    assert found[0].recording.x.tolist() == [3, 699]
    assert found.sensor == Sensor(700)


def test_a_folder_of_n_mnist_read_by_tonic_is_what_our_reader_reads() -> None:
    from axonal.datasets import read

    folder = needs.data("nmnist-small")
    files = sorted(folder.rglob("*.bin"))[:20]
    samples = [
        (
            tonic.io.read_mnist_file(str(file), dtype=tonic.datasets.NMNIST.dtype),
            int(file.parent.name),
        )
        for file in files
    ]
    found = from_tonic(Theirs(samples, (34, 34, 2)), classes=map(str, range(10)), progress=False)
    assert all(same(found[i].recording, read(file)) for i, file in enumerate(files))


@pytest.mark.parametrize("sensor", [CAMERA, Sensor(12, 9), Sensor(30)])
def test_frames_of_tonic_are_ours_where_it_drops_nothing(sensor: Sensor) -> None:
    events = event_set(sensor)
    size = (sensor.width, sensor.height, sensor.polarities)
    frames = theirs.ToFrame(size, time_window=10_000, start_time=0, end_time=100_000)
    ours = counts(events, Grid(dt=0.01, steps=10), dtype=np.uint16).values
    served = to_tonic(events, transform=frames)
    for i in (0, 2):
        found = served[i][0]
        assert found.shape[0] == 10
        assert np.array_equal(found.reshape(10, -1), ours[:, i])


def test_samples_go_through_the_cache_of_tonic(tmp_path: Path) -> None:
    events = event_set()
    served = tonic.DiskCachedDataset(to_tonic(events), cache_path=str(tmp_path / "cache"))
    for _ in range(2):
        found, label = served[0]
        assert label == 1
        assert np.array_equal(found["t"], events[0].recording.times)


@pytest.mark.parametrize(
    ("unit", "values", "expected"),
    [
        ("s", np.array([0.25, 1.0000004]), [250_000, 1_000_000]),
        ("ms", np.array([1, 2], np.uint8), [1000, 2000]),
        ("us", np.array([1.0, 2.0]), [1, 2]),
        ("ns", np.array([1499, 1500]), [1, 2]),
    ],
)
def test_times_of_each_unit_become_microseconds(
    unit: str, values: np.ndarray, expected: list[int]
) -> None:
    events = np.empty(2, [("t", values.dtype), ("x", "<i2"), ("p", "?")])
    events["t"], events["x"], events["p"] = values, 0, False
    found = from_tonic([(events, 0)], sensor=Sensor(1), unit=unit, progress=False)
    assert found.times(0).tolist() == expected


def test_signed_polarities_long_clocks_and_disorder_are_taken_where_asked() -> None:
    events = np.array(
        [(9_000_000_000, 0, 1), (8_999_999_000, 1, -1)], [("t", "<i8"), ("x", "<i2"), ("p", "<i1")]
    )
    found = from_tonic(
        [(events, "on")], sensor=Sensor(2, 1, 2), sort=True, rebase=True, progress=False
    )
    assert found.times(0).tolist() == [0, 1000]
    assert found.starts.tolist() == [8_999_999_000]
    assert found[0].recording.p.tolist() == [0, 1]


def test_samples_are_written_into_a_file_one_by_one(tmp_path: Path) -> None:
    events = event_set()
    options: dict[str, Any] = {"name": "some", "rebase": True, "progress": False}
    held = from_tonic(to_tonic(events), **options)
    asked = []

    class Stopping(TonicSamples):
        def __getitem__(self, index: int) -> tuple[Any, Any]:
            asked.append(index)
            if index == 2 and len(asked) == 3:
                raise KeyboardInterrupt
            return super().__getitem__(index)

    stopped, file = Stopping(events), tmp_path / "a.axe"
    with pytest.raises(KeyboardInterrupt):
        from_tonic(stopped, path=file, **options)
    assert not file.exists()
    found = from_tonic(stopped, path=file, **options)
    assert found.labels.tolist() == held.labels.tolist()
    assert found.starts.tolist() == held.starts.tolist()
    assert all(same(found[i].recording, held[i].recording) for i in range(3))
    assert read_header(file).origin.transforms[0]["name"] == "from_tonic"


GOOD = np.array([(5, 1, 2, True)], [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "?")])


def changed(**fields: Any) -> np.ndarray:
    events = GOOD.repeat(2)
    for name, values in fields.items():
        events[name] = values
    return events


@pytest.mark.parametrize(
    ("sample", "options", "said"),
    [
        ((np.zeros((10, 2, 9, 12)), 0), {}, "Are they frames already?"),
        ((GOOD[["x", "y", "p"]], 0), {}, "t is missing"),
        ((GOOD[["t", "x", "y"]], 0), {}, "expects t, x, y and p for Sensor"),
        ((changed(t=[5, 4]), 0), {}, "got 4 after 5 microseconds at event 1. Write sort=True"),
        ((changed(x=[0, 12]), 0), {}, "event 1 has x = 12, outside a sensor"),
        ((changed(t=[-3, 4]), 0), {}, "before the start"),
        ((changed(t=[0, 2**61]), 0), {}, "t up to 2^53 microseconds"),
        ((GOOD.astype([("t", "<f8"), ("x", "<i2"), ("y", "<i2"), ("p", "<i1")]), 2), {}, "below 2"),
        (
            (GOOD.astype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("q", "?")]), 0),
            {},
            "q would be",
        ),
        (
            (np.array([(0.25, 1, 1, 1)], [("t", "f4"), ("x", "i2"), ("y", "i2"), ("p", "i2")]), 0),
            {},
            "expects t in whole microseconds, got 0.25. Write unit='s'",
        ),
        (
            (np.array([(5, 1, 1, 7)], [("t", "i4"), ("x", "i2"), ("y", "i2"), ("p", "i2")]), 0),
            {},
            "got [7]",
        ),
        ((GOOD, {"boxes": []}), {}, "as a whole number or a name, got {'boxes'"),
        ((GOOD, "maybe"), {}, "a target of no, yes, got 'maybe'"),
        ((GOOD, 0), {"unit": "h"}, "unit as one of s, ms, us, ns"),
        (GOOD, {}, "(events, target), got ndarray"),
    ],
)
def test_samples_that_cannot_be_kept_are_refused_in_one_line(
    sample: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(said)) as error:
        from_tonic(Theirs([sample], SIZE), progress=False, **options)
    assert "\n" not in str(error.value)


def test_a_set_that_names_no_sensor_is_refused_with_what_to_write() -> None:
    with pytest.raises(ValueError, match=re.escape("sensor=Sensor(width, height, polarities)")):
        from_tonic(Theirs([(GOOD, 0)], None), progress=False)


DETERMINISTIC: list[Callable[[], Any]] = [
    lambda: theirs.Denoise(filter_time=5000),
    lambda: theirs.CenterCrop(SIZE, size=(6, 4)),
    lambda: theirs.CropTime(min=1000, max=60_000),
    lambda: theirs.MergePolarities(),
    lambda: theirs.RefractoryPeriod(delta=4000),
    lambda: theirs.TimeSkew(coefficient=1.7, offset=3),
    lambda: theirs.Downsample(time_factor=0.001, spatial_factor=0.5),
    lambda: theirs.Decimation(n=2),
    lambda: theirs.DropPixel(coordinates=[(3, 2), (0, 0)]),
]
RANDOM: list[Callable[[], Any]] = [
    lambda: theirs.DropEvent(p=0.3),
    lambda: theirs.DropEventByTime(duration_ratio=(0.1, 0.5)),
    lambda: theirs.DropEventByArea(SIZE, area_ratio=(0.1, 0.5)),
    lambda: theirs.RandomCrop(SIZE, (6, 4)),
    lambda: theirs.RandomFlipLR(SIZE, p=0.5),
    lambda: theirs.RandomFlipPolarity(p=0.5),
    lambda: theirs.SpatialJitter(SIZE, var_x=4, var_y=4),
    lambda: theirs.TimeJitter(std=100),
    lambda: theirs.UniformNoise(SIZE, n=50),
]


def name(make: Callable[[], Any]) -> str:
    return type(make()).__name__


@pytest.mark.parametrize("make", DETERMINISTIC, ids=name)
def test_a_transform_without_chance_gives_what_tonic_gives(make: Callable[[], Any]) -> None:
    made = recording()
    served = to_tonic(EventSet.from_recordings([made], [0], classes="a"))
    given = make()(served[0][0])
    outcome = TonicTransform(make()).apply(made)
    assert np.array_equal(outcome.recording.times, given["t"])
    assert np.array_equal(outcome.recording.x, given["x"])
    assert outcome.tally.after(len(made)) == len(outcome.recording)


@pytest.mark.parametrize("make", RANDOM, ids=name)
def test_a_transform_with_chance_depends_on_its_key_alone(make: Callable[[], Any]) -> None:
    made, ours = recording(), TonicTransform(make())
    np.random.seed(3)
    before = np.random.get_state()[1].tolist()
    found = [ours.apply(made, Key(7, 0, index)) for index in (0, 1, 0, 2, 3, 4, 5)]
    assert np.random.get_state()[1].tolist() == before
    assert same(found[0].recording, found[2].recording)
    assert not all(same(one.recording, found[0].recording) for one in found)
    assert all(one.tally.after(len(made)) == len(one.recording) for one in found)
    with pytest.raises(TypeError, match="draws at random and expects a Key"):
        ours(made)


FAILING_ON_NOTHING: list[Callable[[], Any]] = [
    lambda: theirs.Denoise(filter_time=5000),
    lambda: theirs.RefractoryPeriod(delta=4000),
    lambda: theirs.DropEventByTime(duration_ratio=0.3),
    lambda: theirs.RandomTimeReversal(p=0.5),
    lambda: theirs.TimeAlignment(),
]


@pytest.mark.parametrize("make", [*FAILING_ON_NOTHING, *DETERMINISTIC, *RANDOM], ids=name)
def test_a_sample_without_events_stays_without(make: Callable[[], Any]) -> None:
    ours = TonicTransform(make())
    outcome = ours.apply(recording(events=0), Key(0))
    assert (len(outcome.recording), outcome.tally.after(0)) == (0, 0)
    assert Transformed(event_set(), ours).sensor == CAMERA


def test_the_sensor_of_a_sample_without_events_is_the_one_that_was_named() -> None:
    crop = TonicTransform(theirs.CenterCrop(SIZE, size=(6, 4)), sensor=Sensor(6, 4, 2))
    found = Transformed(event_set(), crop).gather().events
    assert found.sensor == Sensor(6, 4, 2)
    assert found.sizes[1] == 0


def test_events_that_a_transform_moves_off_the_sensor_are_counted() -> None:
    outcome = TonicTransform(theirs.SpatialJitter(SIZE, var_x=50)).apply(recording(), Key(0))
    assert outcome.tally.outside > 50
    assert outcome.tally.after(400) == len(outcome.recording)


def test_the_sensor_after_a_transform_is_the_one_that_was_named() -> None:
    crop = TonicTransform(theirs.CenterCrop(SIZE, size=(6, 4)), sensor=Sensor(6, 4, 2))
    assert crop(recording()).sensor == Sensor(6, 4, 2)
    assert crop.description()["sensor"] == [6, 4, 2]
    assert "CenterCrop" in crop.description()["transform"]


def test_it_composes_with_ours() -> None:
    both = Compose([Flip("x"), TonicTransform(theirs.DropEvent(p=0.5))])
    outcome = both.apply(recording(), Key(1))
    assert outcome.tally.dropped == 400 - len(outcome.recording)


def test_what_is_no_transform_of_events_is_refused() -> None:
    frames = TonicTransform(theirs.ToFrame(SIZE, n_time_bins=3))
    with pytest.raises(TypeError, match="Are they frames already"):
        frames(recording())
    with pytest.raises(TypeError, match="Is it a class"):
        TonicTransform(theirs.MergePolarities)
    with pytest.raises(TypeError, match="to_tonic expects an EventSet"):
        to_tonic([])
    with pytest.raises(ValueError, match="expects classes for a file"):
        from_tonic([], sensor=CAMERA, path="a.axe", progress=False)
    with pytest.raises(ValueError, match="not both"):
        to_tonic(event_set(), transform=len, transforms=max)


@given(
    st.lists(
        st.tuples(st.integers(0, 2**36 - 1), st.integers(0, 7), st.integers(0, 1)), max_size=20
    )
)
def test_any_events_survive_the_way_there_and_back(rows: list[tuple[int, int, int]]) -> None:
    rows = sorted(rows)
    t, x, p = (np.array([row[k] for row in rows], np.int64) for k in range(3))
    made = EventSet.from_recordings([Recording.of(t, x, 0, p, Sensor(8, 1, 2))], [0], classes="a")
    back = from_tonic(to_tonic(made), progress=False)
    assert same(back[0].recording, made[0].recording)


def test_what_is_no_recording_is_not_given_to_a_transform() -> None:
    half = TonicTransform(lambda events: events[::2])
    for call in (half, half.apply):
        with pytest.raises(TypeError, match=r"^TonicTransform expects a Recording, got EventSet\."):
            call(event_set())  # type: ignore[arg-type]
