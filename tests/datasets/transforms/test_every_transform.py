"""What all transforms have in common: an account that balances, times in order, keyed chance."""

import dataclasses
import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from helpers.random_recordings import RECORDINGS, random_recording
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import EventSet, Recording, Sensor, transforms
from axonal.datasets.transforms import (
    ActivityFilter,
    Compose,
    CropSpace,
    CropTime,
    DownsampleSpace,
    DownsampleTime,
    DropEvents,
    Flip,
    Key,
    MergePolarities,
    Refractory,
    Rotate,
    Shift,
    TimeJitter,
    TimeWarp,
    Transform,
    UniformNoise,
)

FIXED: list[Transform] = [
    ActivityFilter(200),
    ActivityFilter(0, radius=3),
    Compose([]),
    CropSpace(1, 1),
    CropTime(100, 3000),
    CropTime(100, 3000, rebase=True),
    DownsampleSpace(3, 2),
    DownsampleSpace(3, 2, merge=10),
    DownsampleTime(7),
    DownsampleTime(100, merge=True),
    Flip("x"),
    Flip("y"),
    Flip("p"),
    MergePolarities(),
    MergePolarities(merge=20),
    Refractory(100),
    Refractory(0, polarities="apart"),
    Rotate(90),
    Rotate(180),
    Rotate(-90),
    Rotate(33.0),
    TimeWarp(0.5, 0.5),
]
RANDOM: list[Transform] = [
    Compose([Shift(3, 2), TimeJitter(10.0), DropEvents(0.3)]),
    CropSpace(1, 1, left=None, top=None),
    DropEvents(0.5),
    Flip("x", probability=0.5),
    Rotate(0, spread=180),
    Shift(5, 5),
    TimeJitter(100.0),
    TimeJitter(100.0, start=None),
    TimeWarp(0.8, 1.2),
]
# noise has no extra arrays
NOISE: list[Transform] = [UniformNoise(200.0), UniformNoise(10.0, start=0, stop=10_000)]

every = pytest.mark.parametrize("transform", [*FIXED, *RANDOM], ids=repr)
chance = pytest.mark.parametrize("transform", [*RANDOM, *NOISE], ids=repr)


def same(one: Recording, other: Recording) -> bool:
    return (
        one.sensor == other.sensor
        and np.array_equal(one.times, other.times)
        and np.array_equal(one.addresses, other.addresses)
        and one.extra.keys() == other.extra.keys()
        and all(np.array_equal(one.extra[name], other.extra[name]) for name in one.extra)
    )


@every
@given(RECORDINGS, st.integers(0, 2**32 - 1))
def test_every_event_is_kept_or_counted(transform: Transform, recording: Recording, n: int) -> None:
    before = dataclasses.replace(recording, times=recording.times.copy())
    outcome = transform.apply(recording, Key(n))
    found = outcome.recording
    assert len(found) == outcome.tally.after(len(recording))
    assert min(dataclasses.astuple(outcome.tally)) >= 0
    assert (np.diff(found.times) >= 0).all()
    assert found.times.dtype == np.int64
    assert found.addresses.dtype == np.uint32
    assert same(recording, before)


@every
@given(RECORDINGS)
def test_what_is_kept_beside_an_event_stays_with_it(
    transform: Transform, recording: Recording
) -> None:
    tagged = dataclasses.replace(recording, extra={"number": np.arange(len(recording))})
    bare = dataclasses.replace(recording, extra={})
    found = transform.apply(tagged, Key(1)).recording
    assert len(np.unique(found.extra["number"])) == len(found)
    assert same(dataclasses.replace(found, extra={}), transform(bare, Key(1)))


@pytest.mark.parametrize("transform", NOISE, ids=repr)
@given(RECORDINGS, st.integers(0, 2**32 - 1))
def test_noise_leaves_all_events_where_they_are(
    transform: Transform, recording: Recording, n: int
) -> None:
    bare = dataclasses.replace(recording, extra={})
    outcome = transform.apply(bare, Key(n))
    assert len(outcome.recording) == outcome.tally.after(len(bare)) >= len(bare)
    pairs = list(zip(outcome.recording.times, outcome.recording.addresses, strict=True))
    for pair in zip(bare.times, bare.addresses, strict=True):
        pairs.remove(pair)
    assert len(pairs) == outcome.tally.added


@chance
def test_the_same_key_gives_the_same_events_and_another_does_not(transform: Transform) -> None:
    recording = random_recording(Sensor(40, 30, 2), 200, 5)
    found = [transform(recording, Key(3, 1, k)) for k in range(20)]
    again = [transform(recording, Key(3, 1, k)) for k in reversed(range(20))][::-1]
    assert all(same(*pair) for pair in zip(found, again, strict=True))
    assert not all(same(found[0], other) for other in found[1:])
    for key in (Key(4, 1), Key(3, 2)):
        other = [transform(recording, dataclasses.replace(key, index=k)) for k in range(20)]
        assert not all(same(*pair) for pair in zip(found, other, strict=True))


@chance
def test_chance_without_a_key_is_refused(transform: Transform) -> None:
    said = r"draws at random and expects a Key, got None\. Write for example key=Key\(seed=0"
    with pytest.raises(TypeError, match=said):
        transform(random_recording(Sensor(40, 30, 2), 20, 5))


@pytest.mark.parametrize("transform", FIXED, ids=repr)
def test_what_draws_nothing_needs_no_key(transform: Transform) -> None:
    recording = random_recording(Sensor(40, 30, 2), 100, 5)
    assert same(transform(recording), transform(recording, Key(9)))


@pytest.mark.parametrize("transform", [*FIXED, *RANDOM, *NOISE], ids=repr)
def test_a_description_is_json_and_tells_settings_apart(transform: Transform) -> None:
    text = json.dumps(transform.description(), sort_keys=True)
    assert json.loads(text) == transform.description()
    others = [one for one in [*FIXED, *RANDOM, *NOISE] if one is not transform]
    assert text not in [json.dumps(one.description(), sort_keys=True) for one in others]


def test_an_empty_recording_passes_through_everything() -> None:
    nothing = Recording.of([], 0, 0, 0, Sensor(40, 30, 2))
    for transform in [*FIXED, *RANDOM]:
        assert len(transform(nothing, Key(0))) == 0


def test_every_transform_that_is_public_is_tried_here() -> None:
    tried = {type(one) for one in [*FIXED, *RANDOM, *NOISE]}
    named = [getattr(transforms, name) for name in transforms.__all__]
    final = {one for one in named if issubclass(one, Transform) and one is not Transform}
    assert tried == final


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: CropSpace(0), "CropSpace expects width as a whole number >= 1, got 0"),
    (lambda: CropTime(5, 4), "CropTime expects stop"),
    (lambda: DownsampleTime(0), "DownsampleTime expects tick"),
    (lambda: Flip("z"), "Flip expects axis as one of x, y, p; got 'z'"),
    (lambda: Flip("x", 1.5), "Flip expects probability"),
    (lambda: Rotate(float("nan")), "Rotate expects degrees as a finite number"),
    (lambda: Refractory(-1), "Refractory expects period"),
    (lambda: TimeWarp(2, 1), "TimeWarp expects high"),
    (lambda: TimeJitter(-1.0), "TimeJitter expects deviation"),
    (lambda: DropEvents(2), "DropEvents expects probability"),
    (lambda: UniformNoise(1.0, start=5, stop=4), "UniformNoise expects stop"),
    (lambda: Key(0, -1), "Key expects epoch"),
    (lambda: Compose([Flip]), "Compose expects transforms, got <class"),
    (lambda: Compose(Flip("x")), "Compose expects a list of transforms, got Flip(axis='x'"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[message for _, message in WRONG])
def test_settings_out_of_range_are_refused_in_one_line(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        make()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("transform", [*FIXED, *RANDOM, *NOISE], ids=repr)
def test_what_is_no_recording_is_refused_with_what_to_write(transform: Transform) -> None:
    recording = random_recording(Sensor(40, 30, 2), 20, 5)
    events = EventSet.from_recordings([recording], [0], classes="a")
    name = type(transform).__name__
    for found, said in (
        (events, f"{name} expects a Recording, got EventSet. Write Transformed(events, {name}("),
        (events[0], f"{name} expects a Recording, got LabelledRecording. Write {name}(...)(sample"),
        ([1, 2], f"{name} expects a Recording, got list."),
    ):
        for call in (transform, transform.apply):
            with pytest.raises(TypeError, match=re.escape(said)):
                call(found, Key(0))  # type: ignore[arg-type]
