"""Every event is in its step or counted, in all forms, and compiled loops equal the reference."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import (
    Binned,
    EventSet,
    Frames,
    Grid,
    Sensor,
    active,
    counts,
    event_list,
    packed,
    time_surface,
    voxel_grid,
)
from axonal.datasets.binning import _kernels, reference

MICROSECOND = 1e-6
GRIDS = st.builds(
    lambda dt, steps, t0: Grid(dt * MICROSECOND, steps, t0 * MICROSECOND),
    st.sampled_from([1, 7, 1000, 65_536, 200_000]),
    st.integers(1, 12),
    st.sampled_from([0, 0, -50_000, 3, 65_536, 131_000]),
)
SENSORS = st.sampled_from([Sensor(1), Sensor(9), Sensor(3, 2, 2), Sensor(300, 120, 2)])


@st.composite
def sets(draw: Any) -> EventSet:
    sensor = draw(SENSORS)
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    span = draw(st.sampled_from([20, 5_000, 300_000]))
    sizes = rng.choice([0, 1, 5, 100], draw(st.integers(1, 4)))
    times = [np.sort(rng.integers(0, span, n)) for n in sizes]
    return EventSet.of(
        np.concatenate(times),
        rng.integers(0, sensor.channels, sizes.sum()),
        np.cumsum([0, *sizes]),
        np.zeros(len(sizes), int),
        sensor=sensor,
        classes=("a",),
    )


def by_hand(events: EventSet, grid: Grid) -> np.ndarray:
    """Counts by the words of `Grid`, event by event."""
    found = np.zeros((grid.steps, len(events), events.sensor.channels), np.int64)
    for b, (recording, _) in enumerate(events):
        for t, a in zip(recording.times.tolist(), recording.addresses.tolist(), strict=True):
            if t == grid.stop:
                found[-1, b, a] += 1
            elif grid.start <= t < grid.stop:
                found[(t - grid.start) // grid.step, b, a] += 1
    return found


def unpacked(frames: Frames, channels: int) -> np.ndarray:
    return np.unpackbits(frames.values, axis=-1, count=channels, bitorder="little")


@given(sets(), GRIDS)
def test_every_event_is_in_its_step_or_counted(events: EventSet, grid: Grid) -> None:
    expected = by_hand(events, grid)
    found = counts(events, grid, dtype=np.uint16)
    np.testing.assert_array_equal(found.values, expected)
    marked, bits = active(events, grid), packed(events, grid)
    np.testing.assert_array_equal(marked.values, expected > 0)
    np.testing.assert_array_equal(unpacked(bits, events.sensor.channels), expected > 0)
    for frames, cells in ((found, found.values), (marked, marked.values), (bits, expected > 0)):
        kept = cells.sum((0, 2), dtype=np.int64)
        total = kept + frames.outside + frames.saturated + frames.merged
        np.testing.assert_array_equal(total, events.sizes)
        np.testing.assert_array_equal(frames.sizes, events.sizes)
    for frames in (counts(events, grid), counts(events, grid, dtype=np.float32)):
        np.testing.assert_array_equal(frames.values, np.minimum(expected, 255))


@given(sets(), GRIDS)
def test_a_list_holds_the_same_events_in_order(events: EventSet, grid: Grid) -> None:
    found = event_list(events, grid)
    cells = np.zeros((grid.steps, len(events), events.sensor.channels), np.int64)
    np.add.at(cells, (found.step, found.sample, found.channel), 1)
    np.testing.assert_array_equal(cells, by_hand(events, grid))
    assert len(found.step) + found.outside.sum() == events.event_count
    key = np.ravel_multi_index((found.step, found.sample, found.channel), cells.shape)
    assert (np.diff(key) >= 0).all()
    place = found.step * len(events) + found.sample
    np.testing.assert_array_equal(
        found.offsets, np.searchsorted(place, np.arange(grid.steps * len(events) + 1))
    )


@given(sets(), GRIDS, st.sampled_from([1e-6, 0.001, 10.0]))
def test_a_surface_is_the_age_of_the_last_event(events: EventSet, grid: Grid, tau: float) -> None:
    found = time_surface(events, grid, tau=tau).values
    for b, (recording, _) in enumerate(events):
        t = recording.times
        for k in range(grid.steps):
            edge = grid.start + (k + 1) * grid.step
            inside = (t >= grid.start) & (t < edge + (k == grid.steps - 1))
            last = np.full(events.sensor.channels, -np.inf)
            np.maximum.at(last, recording.addresses[inside], t[inside])
            np.testing.assert_allclose(
                found[k, b], np.exp((last - edge) / (tau * 1e6)), rtol=1e-5, atol=1e-30
            )


@given(sets(), GRIDS)
def test_a_voxel_grid_holds_the_polarities_of_all_events(events: EventSet, grid: Grid) -> None:
    frames = voxel_grid(events, grid)
    signed = counts(events, grid, dtype=np.float32).values.astype(np.int64)
    if events.sensor.polarities == 2:
        pixels = events.sensor.channels // 2
        signed = signed[..., pixels:] - signed[..., :pixels]
    np.testing.assert_allclose(frames.values.sum(0), signed.sum(0), atol=1e-3)
    np.testing.assert_array_equal(frames.outside, counts(events, grid).outside)


def by_reference(work: Callable[[], Any]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kernels, "kernels", lambda: reference)
        return work()


WORKS: dict[str, Callable[[EventSet, Grid], Any]] = {
    "counts": counts,
    "float counts": lambda events, grid: counts(events, grid, dtype=np.float32),
    "active": active,
    "packed": packed,
    "event list": event_list,
    "time surface": lambda events, grid: time_surface(events, grid, tau=0.01),
    "voxel grid": voxel_grid,
}


@pytest.mark.parametrize("name", WORKS)
@given(events=sets(), grid=GRIDS)
def test_compiled_loops_equal_the_reference(name: str, events: EventSet, grid: Grid) -> None:
    found = WORKS[name](events, grid)
    expected = by_reference(lambda: WORKS[name](events, grid))
    for field in dataclasses.fields(found):
        a, b = getattr(found, field.name), getattr(expected, field.name)
        assert a.dtype == b.dtype
        if name in ("time surface", "voxel grid"):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
        else:
            np.testing.assert_array_equal(a, b)


@given(sets(), GRIDS)
def test_a_recording_alone_bins_as_in_a_set(events: EventSet, grid: Grid) -> None:
    recording, _ = events[0]
    for work in WORKS.values():
        alone, among = work(recording, grid), work(events.select([0]), grid)
        for field in dataclasses.fields(alone):
            np.testing.assert_array_equal(getattr(alone, field.name), getattr(among, field.name))


TWO = Sensor(2)


def one(times: list[int], addresses: list[int], sensor: Sensor = TWO) -> EventSet:
    return EventSet.of(times, addresses, [0, len(times)], [0], sensor=sensor, classes=("a",))


def test_the_last_edge_is_closed_and_every_other_belongs_to_the_next_step() -> None:
    events = one([0, 999, 1000, 1999, 2000, 2001], [0] * 6)
    frames = counts(events, Grid(0.001, 2))
    assert frames.values[:, 0, 0].tolist() == [2, 3]
    assert frames.outside.tolist() == [1]


def test_an_edge_that_is_no_number_of_the_computer_is_exact() -> None:
    # 0.29 / 0.01 is 28.999999999999996 in floating point
    events = one([289_999, 290_000], [0, 0], Sensor(1))
    assert np.flatnonzero(counts(events, Grid(0.01, 60)).values).tolist() == [28, 29]


def test_a_cell_that_is_full_says_so() -> None:
    events = one(list(range(300)), [1] * 300)
    frames = counts(events, Grid(0.001, 1))
    assert (frames.values[0, 0].tolist(), frames.saturated.tolist()) == ([0, 255], [45])
    assert counts(events, Grid(0.001, 1), dtype="uint16").values[0, 0, 1] == 300


def test_a_batch_holds_the_samples_in_the_order_asked_for() -> None:
    events = EventSet.of([0, 1, 2], [0, 1, 0], [0, 1, 3], [0, 0], sensor=Sensor(2), classes="a")
    frames = counts(events, Grid(0.001, 1), [1, 0, -1])
    assert frames.values[0].tolist() == [[1, 1], [1, 0], [1, 1]]
    assert counts(events, Grid(0.001, 3), []).values.shape == (3, 0, 2)


def test_results_go_into_a_given_array_and_to_torch_without_a_copy() -> None:
    events, grid = one([0, 1], [0, 1]), Grid(0.001, 1)
    out = np.full((1, 1, 2), 7, np.uint8)
    frames = counts(events, grid, out=out)
    assert frames.values is out
    tensor = torch.from_numpy(frames.values)
    assert tensor.data_ptr() == out.ctypes.data
    assert tensor.tolist() == [[[1, 1]]]
    marks = np.ones((1, 1, 2), np.bool_)
    assert active(events, grid, out=marks).values is marks


def test_threads_share_a_large_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    events = one(list(range(5000)), [i % 50 for i in range(5000)], Sensor(50)).select([0] * 9)
    expected = counts(events, Grid(0.001, 5))
    monkeypatch.setattr("axonal._base.threads.SMALL", 1)
    monkeypatch.setattr("axonal._base.threads.thread_count", lambda: 4)
    found = counts(events, Grid(0.001, 5))
    for field in dataclasses.fields(found):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name))
    assert (np.diff(event_list(events, Grid(0.001, 5)).offsets) == 1000).all()


@pytest.mark.parametrize("name", WORKS)
@pytest.mark.parametrize("how", [lambda work: work(), by_reference], ids=["compiled", "reference"])
def test_an_address_outside_in_damaged_arrays_is_refused(name: str, how: Any) -> None:
    whole = one([0, 1], [0, 1], Sensor(5))
    damaged = dataclasses.replace(whole, addresses=np.uint16([65_535, 1]))
    with pytest.raises(ValueError, match=r"has 1 events outside Sensor.* damaged"):
        how(lambda: WORKS[name](damaged, Grid(0.001, 1)))


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((0, 9), ValueError, r"Grid expects dt .* got 0\. It is in seconds"),
        ((-0.01, 9), ValueError, "dt"),
        ((np.nan, 9), ValueError, "dt"),
        ((1.5e-6, 9), ValueError, "dt as a whole number of microseconds"),
        ((1e-7, 9), ValueError, "dt as a whole number of microseconds"),
        ((1000, 9), ValueError, "to 100, got 1000. It is in seconds"),
        ((10, 2**40), ValueError, "within 19 hours"),
        ((0.01, 0), ValueError, "steps as a whole number >= 1"),
        ((0.01, 2.5), TypeError, "divide the duration by dt"),
        ((0.01, 9, 1e-7), ValueError, "t0 as a whole number of microseconds"),
    ],
)
def test_a_grid_that_is_none_is_refused(
    arguments: tuple, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        Grid(*arguments)
    assert "\n" not in str(caught.value)


GRID, EVENTS = Grid(0.001, 2), one([0], [0])


@pytest.mark.parametrize(
    ("work", "kind", "message"),
    [
        (lambda: counts(EVENTS, 0.01), TypeError, r"counts expects a Grid, got 0\.01"),
        (lambda: counts([1, 2], GRID), TypeError, "an EventSet or a Recording, got list"),
        (lambda: counts(EVENTS, GRID, [1]), IndexError, "below 1, the number of samples"),
        (lambda: counts(EVENTS, GRID, np.array([True])), TypeError, "flatnonzero"),
        (lambda: counts(EVENTS, GRID, dtype=np.int8), TypeError, "uint8 or uint16 or float32"),
        (lambda: counts(EVENTS, GRID, out=np.zeros((2, 1, 2))), TypeError, "got float64"),
        (lambda: counts(EVENTS, GRID, out=np.zeros((2, 2), np.uint8)), ValueError, r"\[2, 1, 2\]"),
        (lambda: active(EVENTS, GRID, out=np.zeros((2, 1, 2), np.uint8)), TypeError, "bool"),
        (lambda: counts(EVENTS[0][0], GRID, [0]), TypeError, "indices of an EventSet"),
        (lambda: counts(EVENTS, Grid(1e-6, 2**36 - 1)), ValueError, "more memory than is left"),
        (lambda: time_surface(EVENTS, GRID, tau=0), ValueError, "tau"),
    ],
)
def test_bad_input_is_one_line(work: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        work()
    assert "\n" not in str(caught.value)


def test_binning_works_where_numba_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "axonal.datasets.binning.cpu", None)
    monkeypatch.delattr("axonal.datasets.binning.cpu", raising=False)
    assert _kernels.kernels.__wrapped__() is reference


def test_samples_of_a_binned_set_are_those_of_its_batches() -> None:
    events = EventSet.of([0, 1, 5000], [0, 1, 0], [0, 1, 3], [0, 1], sensor=Sensor(2), classes="ab")
    binned = Binned(events, Grid(0.001, 3))
    batch = binned.dense([1, 0])
    assert (batch.dtype, batch.shape, binned.dropped) == (np.float32, (3, 2, 2), 1)
    for column, index in enumerate([1, 0]):
        spikes, label = binned[index]
        np.testing.assert_array_equal(batch[:, column], spikes)
        assert label == binned.labels[index]


@pytest.mark.parametrize(
    "given", [{"dt": 2 / 3}, {"dt": 1.2345678}, {"dt": 33.3333333}, {"dt": 1.0, "t0": 1000.0000004}]
)
def test_fractions_of_microseconds_are_refused_however_long_a_step_is(given: Any) -> None:
    with pytest.raises(ValueError, match="whole number of microseconds"):
        Grid(**{"steps": 3} | given)


@pytest.mark.parametrize("ticks", [1, 3, 999_999, 12_345_678, 99_999_999])
def test_whole_microseconds_are_taken_whatever_rounding_leaves(ticks: int) -> None:
    grid = Grid(ticks / 1e6, 1, t0=ticks * 600 * MICROSECOND)
    assert (grid.step, grid.start) == (ticks, ticks * 600)
    assert Grid(ticks * MICROSECOND, 1).step == ticks


def test_the_byte_order_of_another_machine_is_refused_in_one_line() -> None:
    events = EventSet.of([0], [0], [0, 1], [0], sensor=Sensor(1), classes="a")
    grid, foreign = Grid(0.001, 1), np.dtype(np.uint16).newbyteorder("S")
    with pytest.raises(TypeError, match="byte order of another machine") as caught:
        counts(events, grid, dtype=foreign)
    assert "\n" not in str(caught.value)
    with pytest.raises(TypeError, match=r"out as an array of .*, got [<>]u2") as caught:
        counts(events, grid, out=np.zeros((1, 1, 1), foreign))
    assert "\n" not in str(caught.value)
