"""Encoders keep what they promise for any input, and the embedded digits never change."""

import dataclasses
import hashlib
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from helpers import SRC
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from axonal.datasets import SpikeTimes, delta, digits, latency, rate, to_dense

levels = arrays(
    np.float64,
    array_shapes(min_dims=1, max_dims=3, max_side=5),
    elements=st.floats(0, 1),
)
# Multiples of 1/8 are exact in binary, so that equality can be asked for.
signals = arrays(
    np.int64,
    array_shapes(min_dims=2, max_dims=3, max_side=8),
    elements=st.integers(-80, 80),
).map(lambda eighths: eighths / 8)
thresholds = st.integers(1, 24).map(lambda eighths: eighths / 8)


@given(levels, st.integers(1, 40))
def test_latency_spikes_inside_the_window_and_only_for_values_above_zero(
    values: npt.NDArray[np.float64], steps: int
) -> None:
    times = latency(values, steps)
    assert times.shape == values.shape
    np.testing.assert_array_equal(times == -1, values == 0)
    assert times.max() < steps


@given(st.lists(st.floats(0, 1, exclude_min=True), min_size=2), st.integers(1, 40))
def test_latency_never_lets_a_larger_value_spike_later(values: list[float], steps: int) -> None:
    times = latency(sorted(values), steps)
    assert (np.diff(times) <= 0).all()


def test_latency_maps_the_maximum_to_step_zero_and_the_smallest_to_the_last() -> None:
    assert latency([255, 1, 0], 10, maximum=255).tolist() == [0, 9, -1]


@given(levels, st.integers(1, 40))
def test_a_raster_holds_exactly_the_spike_times(
    values: npt.NDArray[np.float64], steps: int
) -> None:
    times = latency(values, steps)
    raster = to_dense(times, steps)
    assert raster.shape == (steps, *times.shape)
    assert raster.dtype == np.float32
    back = np.where(raster.any(axis=0), raster.argmax(axis=0), -1)
    np.testing.assert_array_equal(back, times)
    assert raster.sum() == (times >= 0).sum()


@given(levels, st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_rate_repeats_with_the_generator_and_is_certain_at_both_ends(
    values: npt.NDArray[np.float64], steps: int, seed: int
) -> None:
    spikes = rate(values, steps, rng=np.random.default_rng(seed))
    again = rate(values, steps, rng=np.random.default_rng(seed))
    assert spikes.shape == (steps, *values.shape)
    assert spikes.dtype == np.float32
    np.testing.assert_array_equal(spikes, again)
    assert not spikes[:, values == 0].any()
    assert spikes[:, values == 1].all()


def test_rate_fires_with_the_probability_it_states() -> None:
    values = np.array([1.0, 2.0, 6.0])
    steps = 20_000
    spikes = rate(values, steps, rng=np.random.default_rng(7), maximum=8.0)
    p = values / 8
    # Five standard errors of a Bernoulli mean.
    assert (np.abs(spikes.mean(axis=0) - p) < 5 * np.sqrt(p * (1 - p) / steps)).all()


@given(signals, thresholds)
def test_delta_conserves_the_signal_to_within_one_threshold(
    signal: npt.NDArray[np.float64], threshold: float
) -> None:
    on, off = np.split(delta(signal, threshold), 2, axis=-1)
    followed = signal[0] + threshold * np.cumsum(on - off, axis=0)
    assert (np.abs(signal - followed) < threshold).all()
    assert not (on * off).any()


@given(signals, thresholds, st.data())
def test_delta_is_causal(
    signal: npt.NDArray[np.float64], threshold: float, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(signal)))
    changed = signal.copy()
    changed[cut:] = 17.0
    np.testing.assert_array_equal(delta(signal, threshold)[:cut], delta(changed, threshold)[:cut])


@given(signals, thresholds)
def test_delta_of_the_mirrored_signal_swaps_on_and_off(
    signal: npt.NDArray[np.float64], threshold: float
) -> None:
    on, off = np.split(delta(signal, threshold), 2, axis=-1)
    mirrored = delta(-signal, threshold)
    np.testing.assert_array_equal(mirrored, np.concatenate([off, on], axis=-1))


def test_delta_counts_several_crossings_and_keeps_the_rest() -> None:
    spikes = delta([[0.0], [2.5], [3.0], [2.5], [0.5]], threshold=1.0)
    assert spikes[:, 0].tolist() == [0, 2, 1, 0, 0]
    assert spikes[:, 1].tolist() == [0, 0, 0, 0, 2]


def test_delta_does_not_drift_over_a_long_signal() -> None:
    signal = np.sin(np.arange(50_000) / 100.0)[:, None]
    on, off = np.split(delta(signal, 0.1), 2, axis=-1)
    followed = signal[0] + 0.1 * np.cumsum(on - off, axis=0, dtype=np.float64)
    assert np.abs(signal - followed).max() <= 0.1 * (1 + 1e-9)


ENCODER_ERRORS = {
    "nan": (lambda: latency([0.2, np.nan], 4), "1 NaN or infinite of 2"),
    "negative": (lambda: latency([-0.5], 4), r"values >= 0, got -0\.5"),
    "above maximum": (lambda: latency([200.0], 4), "Write maximum=200"),
    "no axis": (lambda: latency(0.5, 4), r"got shape \(\)"),
    "no steps": (lambda: latency([0.5], 0), "steps as a whole number >= 1, got 0"),
    "maximum of zero": (lambda: latency([0.5], 4, maximum=0), "number > 0, got 0"),
    "rate nan": (lambda: rate([np.nan], 4, rng=np.random.default_rng(0)), "NaN"),
    "signal with one axis": (lambda: delta([1.0, 2.0], 0.1), "at least 2 axes"),
    "signal without steps": (lambda: delta(np.zeros((0, 3)), 0.1), "T >= 1"),
    "signal nan": (lambda: delta([[np.inf]], 0.1), "1 NaN or infinite of 1"),
    "negative threshold": (lambda: delta([[1.0]], -0.1), r"threshold .* number > 0, got -0\.1"),
    "tiny threshold": (lambda: delta([[0.0], [1.0]], 1e-9), "larger threshold"),
    "time after the window": (lambda: to_dense([4], 4), "times from 4 to 4"),
    "time before the window": (lambda: to_dense([-2], 4), "times from -2 to -2"),
    "time without axis": (lambda: to_dense(3, 4), r"Write \[time\]"),
}


@pytest.mark.parametrize(("call", "message"), ENCODER_ERRORS.values(), ids=ENCODER_ERRORS)
def test_bad_values_are_refused_in_one_line(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


TYPE_ERRORS = {
    "steps of a fraction": (lambda: latency([0.5], 4.5), r"whole number >= 1, got 4\.5"),
    "text": (lambda: latency(["bright"], 4), "real numbers"),
    "seed instead of a generator": (lambda: rate([0.5], 4, rng=3), "default_rng"),
    "threshold of text": (lambda: delta([[1.0]], "small"), "'small'"),
    "values instead of times": (lambda: to_dense([0.5], 4), r"to_dense\(latency"),
    "mask instead of indices": (
        lambda: digits("test").dense(np.array([True, False])),
        "flatnonzero",
    ),
    "float times": (
        lambda: SpikeTimes(np.zeros((1, 2)), np.zeros(1, np.int64), 2, 2, "x"),
        "int16",
    ),
}


@pytest.mark.parametrize(("call", "message"), TYPE_ERRORS.values(), ids=TYPE_ERRORS)
def test_arguments_of_a_wrong_kind_are_refused_in_one_line(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises(TypeError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_digits_has_the_pinned_split() -> None:
    sizes = {split: len(digits(split)) for split in ("train", "validation", "test")}
    assert sizes == {"train": 1269, "validation": 186, "test": 342}
    assert sum(sizes.values()) == 1797


def test_digits_has_the_pinned_content() -> None:
    pinned = {
        "train": "e5298b22be3b8213",
        "validation": "bc33a044ad8364d2",
        "test": "58e36e285b545c47",
    }
    for split, expected in pinned.items():
        data = digits(split)
        content = data.times.astype("<i2").tobytes() + data.labels.astype("<i8").tobytes()
        assert hashlib.sha256(content).hexdigest()[:16] == expected


def test_digits_follows_the_pixels_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    in_test = [
        i
        for i in range(len(labels))
        if int(hashlib.sha256(str(i).encode()).hexdigest(), 16) % 10 in (0, 1)
    ]
    data = digits("test", steps=17)  # a step per grey level
    np.testing.assert_array_equal(data.labels, labels[in_test])
    np.testing.assert_array_equal(
        data.times, np.where(pixels[in_test] == 0, -1, 16 - pixels[in_test])
    )


def test_digits_has_every_class_in_every_split() -> None:
    for split in ("train", "validation", "test"):
        data = digits(split)
        assert (data.times.dtype, data.labels.dtype) == (np.int16, np.int64)
        assert sorted(set(data.labels.tolist())) == list(range(data.classes))
        assert data.times.shape == (len(data), 64)
        assert data.times.max() < data.steps


def test_an_unknown_split_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'train', 'validation', 'test', got 'valid'"):
        digits("valid")


def test_digits_refuses_steps_that_do_not_fit_sixteen_bits() -> None:
    assert digits("test", steps=2**15).times.max() < 2**15
    with pytest.raises(ValueError, match="steps <= 32768, got 32769"):
        digits("test", steps=2**15 + 1)


def test_a_batch_holds_the_samples_in_the_order_asked_for() -> None:
    data = digits("validation", steps=9)
    batch = data.dense([5, 0, 5, -1])
    assert batch.shape == (9, 4, 64)
    for column, index in enumerate([5, 0, 5, len(data) - 1]):
        sample, label = data[index]
        np.testing.assert_array_equal(batch[:, column], sample)
        assert label == data.labels[index]
    assert data.dense([]).shape == (9, 0, 64)


def test_iterating_over_the_samples_ends() -> None:
    data = digits("validation")
    assert [label for _, label in data] == data.labels.tolist()


def test_an_index_outside_the_data_says_how_many_samples_there_are() -> None:
    with pytest.raises(IndexError, match=r"below 186, .* from 0 to 186"):
        digits("validation").dense([0, 186])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": np.zeros((2, 3, 1), np.int16)}, r"times \[n, N\]"),
        ({"labels": np.zeros(3, np.int64)}, r"\(2, 3\) and \(3,\)"),
        ({"times": np.full((2, 3), 4, np.int16)}, "times from 4 to 4"),
        ({"labels": np.array([0, 2])}, "labels from 0 to 1, got labels from 0 to 2"),
        ({"steps": 0}, "steps as a whole number >= 1"),
        ({"steps": 40_000}, "at most 32768 steps"),
    ],
    ids=["three axes", "other length", "late time", "label", "no steps", "many steps"],
)
def test_inconsistent_spike_times_are_refused(change: dict[str, object], message: str) -> None:
    good = SpikeTimes(np.zeros((2, 3), np.int16), np.zeros(2, np.int64), 4, 2, "zeros")
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(good, **change)


def test_spike_times_cannot_be_reassigned() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        digits("test").steps = 3  # type: ignore[misc]


def test_datasets_imports_nothing_but_numpy() -> None:
    script = (
        "import sys, axonal.datasets\n"
        "print(sorted({'torch', 'sklearn', 'scipy', 'h5py', 'matplotlib'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(SRC)},
    )
    assert result.stdout.strip() == "[]"


@given(
    st.lists(st.floats(-20, 20), min_size=1, max_size=12), st.floats(0.3, 5), st.integers(1, 200)
)
def test_binary_deltas_send_one_spike_a_step_and_catch_up(
    values: list[float], threshold: float, still: int
) -> None:
    signal = np.array([*values, *[values[-1]] * still])[:, None]
    spikes = delta(signal, threshold, binary=True)
    assert set(np.unique(spikes)) <= {0, 1} and (spikes.sum(1) <= 1).all()
    sent = (spikes[:, 0].sum() - spikes[:, 1].sum()) * threshold
    ahead = abs(signal[-1, 0] - signal[0, 0] - sent)
    missing = abs(signal).max() * 2 / threshold
    assert ahead < threshold * (1 + 1e-9) or still < missing
    counts = delta(signal, threshold)
    if counts.max(initial=0) <= 1:
        np.testing.assert_array_equal(counts, spikes)
