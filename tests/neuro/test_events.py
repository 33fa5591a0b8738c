"""Lists of spike times, from and to steps."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils import _pytree as pytree

from axonal import datasets, neuro
from axonal.neuro import Events


@given(st.integers(0, 2**31), st.integers(1, 9), st.integers(1, 4), st.integers(1, 5))
def test_steps_come_back_from_a_list(seed, steps, batch, size):
    x = (
        torch.rand(steps, batch, size, generator=torch.Generator().manual_seed(seed)) < 0.3
    ).float()
    events = Events.from_dense(x)
    assert torch.equal(events.to_dense(), x)
    assert events.counts.tolist() == x.sum((0, 2)).tolist()
    assert not (events.times.diff() < 0).any()
    assert (events.indices[~events.valid] == -1).all()


def test_events_are_sorted_and_travel_as_a_pytree():
    events = Events.of([[3.5, 0.25], []], [[1, 0], []], size=2, duration=4)
    assert events.times.tolist() == [[0.25, 3.5], [torch.inf, torch.inf]]
    assert events.indices.tolist() == [[0, 1], [-1, -1]]
    double = pytree.tree_map_only(torch.Tensor, lambda t: t.double(), events)
    assert isinstance(double, Events)
    assert double.times.dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.bool, torch.uint8])
def test_times_keep_their_digits_whatever_the_type_of_the_spikes(dtype):
    x = (torch.arange(3000) == 2049).reshape(-1, 1, 1).to(dtype)
    assert Events.from_dense(x).times.tolist() == [[2049.0]]


def test_recordings_are_read_in_steps():
    sensor = datasets.Sensor(4)
    recording = datasets.Recording.of([500, 2500], [3, 1], [0, 0], [0, 0], sensor)
    events = Events.from_recordings([recording], size=4, duration=5, dt=500)
    assert events.times.tolist() == [[1, 5]]
    assert events.indices.tolist() == [[3, 1]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Events.of([[1.0]], [[2]], 2, 4), "neurons from 0 to 1, got 2 in sample 0"),
        (lambda: Events.of([[5.0]], [[0]], 2, 4), "duration = 4 steps, got 5 in sample 0"),
        (lambda: Events.of([[float("nan")]], [[0]], 2, 4), "got nan in sample 0"),
        (lambda: Events.of([[1.0, 2.0]], [[0]], 2, 4), r"one length per sample, got \(2,\)"),
        (lambda: Events.of([[1.0]], [[0.5]], 2, 4), "whole neurons"),
        (lambda: Events.of([], [], 2, 4), "at least one sample"),
        (lambda: Events.of([[1.0]], [[0]], 0, 4), "size as a whole number >= 1, got 0"),
        (lambda: Events.of([[1.0]], [[0]], 2, float("inf")), "finite duration > 0"),
        (lambda: Events.from_dense(torch.full((2, 1, 1), 0.5)), "whole numbers of spikes"),
        (lambda: Events.from_dense(torch.zeros(2, 1)), r"got \(2, 1\)"),
        (lambda: Events.of([[3.5]], [[0]], 1, 4).to_dense(2), "3.5 lies beyond 2 steps"),
        (lambda: Events.from_recordings([], 2, 4, dt=0), "dt > 0 microseconds"),
    ],
)
def test_bad_events_are_one_line(make, message):
    with pytest.raises(neuro.InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def samples():
    return [
        (Events.of([[1.0, 2.0]], [[0, 1]], 2, 20), 0),
        (Events.of([[0.5, 1.0, 3.0]], [[1, 1, 0]], 2, 20), 1),
        (Events.of([[]], [[]], 2, 20), 1),
    ]


def test_a_loader_makes_batches_of_events():
    loader = torch.utils.data.DataLoader(samples(), batch_size=3, collate_fn=neuro.collate)
    ((events, labels),) = loader
    assert isinstance(events, Events)
    assert labels.tolist() == [0, 1, 1]
    assert events.checked().counts.tolist() == [2, 3, 0]
    assert events.times[1].tolist() == [0.5, 1.0, 3.0]
    (alone,) = neuro.collate([x for x, _ in samples()])
    assert torch.equal(alone.times, events.times)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: neuro.collate([(Events.of([[]], [[]], 2, 9), 0), samples()[0]]),
            "2 neurons for 9 steps, 2 neurons for 20 steps",
        ),
        (lambda: neuro.collate(samples(), lengths=True), "no lengths of Events"),
        (lambda: Events.joined([]), "to join, got none"),
        (
            lambda: next(iter(torch.utils.data.DataLoader(samples()[:1])))[0].checked(),
            "collate_fn=neuro.collate",
        ),
        (lambda: neuro.rate_loss(samples()[0][0], torch.tensor([0])), "first_spike_loss"),
        (lambda: neuro.spike_rate_regulariser(samples()[0][0]), "y.to_dense"),
        (lambda: neuro.summed_softmax(samples()[0][0]), "got Events"),
    ],
)
def test_events_in_the_wrong_place_are_one_line(make, message):
    with pytest.raises(neuro.InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
