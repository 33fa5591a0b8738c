"""Sets behind a transform: the same samples in any order, and no event without an account."""

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from helpers.random_recordings import random_recording

from axonal.datasets import EventSet, Origin, Sensor, open_events, write_events
from axonal.datasets.transforms import (
    Blend,
    Compose,
    CropSpace,
    CropTime,
    DownsampleSpace,
    DropEvents,
    Flip,
    Key,
    Shift,
    TimeJitter,
    Transformed,
)

EVENTS = EventSet.from_recordings(
    [random_recording(Sensor(40), 100 + k, k, span=200_000) for k in range(7)],
    [0, 1, 0, 1, 2, -1, 0],
    classes="abc",
    groups={"speaker": np.arange(7)},
)
CHANCE = Compose([Shift(3), DropEvents(0.3)])


def same(one: EventSet, other: EventSet) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("low", "addresses", "boundaries", "first_period", "labels")
    )


@pytest.mark.parametrize("blend", [None, Blend()])
def test_samples_do_not_depend_on_the_order_or_the_process(blend: Blend | None) -> None:
    augmented = Transformed(EVENTS, CHANCE, seed=4, epoch=2, blend=blend)
    forward, _ = augmented.gather()
    backward, _ = pickle.loads(pickle.dumps(augmented)).gather(range(6, -1, -1))
    assert same(forward, backward.select(range(6, -1, -1)))
    recording, label = augmented[-1]
    np.testing.assert_array_equal(recording.times, forward[6].recording.times)
    assert label == 0
    assert augmented[3].groups == {"speaker": 3}


def test_epochs_and_seeds_differ() -> None:
    first = Transformed(EVENTS, CHANCE).gather().events
    assert same(first, Transformed(EVENTS, CHANCE).at(1).at(0).gather().events)
    assert not same(first, Transformed(EVENTS, CHANCE).at(1).gather().events)
    assert not same(first, Transformed(EVENTS, CHANCE, seed=1).gather().events)


@pytest.mark.parametrize("blend", [None, Blend(), Blend(share=0.1)])
def test_the_tally_balances(blend: Blend | None) -> None:
    found, tally = Transformed(EVENTS, CHANCE, blend=blend).gather([4, 0, 6, 6])
    before = int(EVENTS.sizes[[4, 0, 6, 6]].sum())
    assert found.event_count == tally.after(before)
    assert found.labels.tolist() == [2, 0, 0, 0]
    assert found.groups["speaker"].tolist() == [4, 0, 6, 6]


def test_a_sample_is_blended_with_others_of_its_class_only() -> None:
    whole = Transformed(EVENTS, Flip("p"), blend=Blend(share=0.0))
    sizes = {len(whole.at(k)[0].recording) for k in range(30)}
    # moved onto the centre of mass of another sample, few events leave the sensor
    assert any(size > 90 for size in sizes)
    assert len(sizes) > 1
    # alone in its class, and without one
    for lonely in (4, 5):
        np.testing.assert_array_equal(whole[lonely].recording.times, EVENTS[lonely].recording.times)


def test_the_start_of_a_sample_on_its_clock_is_kept_and_moved() -> None:
    begun = dataclasses.replace(EVENTS, starts=7 * np.arange(7))
    assert Transformed(begun, DropEvents(0.0)).gather([3, 1]).events.starts.tolist() == [21, 7]
    crop = Compose([Compose([CropTime(1000, 90_000, rebase=True)]), CropTime(5, 9000, rebase=True)])
    cropped = Transformed(begun, crop, blend=Blend())
    assert [sample.start for sample in cropped] == (begun.starts + 1005).tolist()
    assert cropped.gather().events.starts.tolist() == (begun.starts + 1005).tolist()
    whole = Transformed(begun, crop)
    on_the_clock = whole[2].recording.times + whole[2].start
    before = begun[2].recording.between(1005, 10_000).times + begun.starts[2]
    np.testing.assert_array_equal(on_the_clock, before)


def test_the_description_of_numbers_of_numpy_is_that_of_python() -> None:
    theirs = CropTime(np.int64(0), np.int64(5))  # type: ignore[arg-type]
    assert theirs.description() == CropTime(0, 5).description()
    blend = Blend(np.float64(0.5), np.int64(0))  # type: ignore[arg-type]
    made = Transformed(EVENTS, theirs, np.int64(3), np.int64(1), blend)  # type: ignore[arg-type]
    again = Transformed(EVENTS, CropTime(0, 5), 3, 1, Blend())
    assert json.dumps(made.description()) == json.dumps(again.description())


def test_the_sensor_is_that_of_the_transform() -> None:
    part = Transformed(EVENTS, Compose([CropSpace(20), DownsampleSpace(2)]))
    assert part.sensor == part.gather([]).events.sensor == part[0].recording.sensor == Sensor(10)


def test_a_transformed_set_is_written_and_told_from_another(tmp_path: Path) -> None:
    augmented = Transformed(EVENTS, CHANCE, seed=3, blend=Blend())
    origin = Origin("made", (augmented.description(),))
    path = tmp_path / "augmented.axe"
    found = write_events(
        path, augmented, sensor=augmented.sensor, classes=EVENTS.classes, origin=origin
    )
    assert same(found, augmented.gather().events)
    assert same(open_events(path, expect=origin), found)
    other = Origin("made", (augmented.at(1).description(),))
    with pytest.raises(ValueError, match="is stale"):
        open_events(path, expect=other)


def test_what_a_set_does_not_hold_is_refused() -> None:
    early = Transformed(EVENTS, TimeJitter(1e5, start=None))
    with pytest.raises(ValueError, match="start"):
        early.gather()
    with pytest.raises(IndexError):
        early[7]
    with pytest.raises(TypeError, match="Transformed expects an EventSet and a transform, got"):
        Transformed(EVENTS, Flip)  # type: ignore[arg-type]


def test_a_blend_of_what_is_no_recording_is_refused_with_what_to_write() -> None:
    one = EVENTS[0].recording
    for pair, found in (((EVENTS[0], one), "LabelledRecording"), ((one, EVENTS), "EventSet")):
        line = (
            rf"^Blend expects two Recordings, got {found}\. Write Blend\(\.\.\.\)\(one\.recording"
        )
        for call in (Blend(), Blend().apply):
            with pytest.raises(TypeError, match=line):
                call(*pair, Key(0))  # type: ignore[arg-type]
