"""Batches are time first, or refused: also where there are as many samples as steps."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, default_collate

from axonal import neuro
from axonal.datasets import Binned, EventSet, Grid, Recording, Sensor, digits


def binned():
    rng = np.random.default_rng(0)
    times = np.sort(rng.integers(0, 16_000, (8, 6)), axis=1).ravel()
    events = EventSet.of(
        times,
        rng.integers(0, 5, 48),
        np.arange(0, 49, 6),
        np.arange(8) % 2,
        sensor=Sensor(5),
        classes=("a", "b"),
    )
    return Binned(events, Grid(dt=0.002, steps=8))


@pytest.mark.parametrize("data", [digits("test"), binned()], ids=["digits", "binned"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_what_dense_gives(data, workers):
    batch = data.steps  # B = T
    loader = DataLoader(data, batch, collate_fn=neuro.collate, num_workers=workers)
    x, y = next(iter(loader))
    assert torch.equal(x, torch.from_numpy(data.dense(range(batch))))
    assert torch.equal(y, torch.from_numpy(data.labels[:batch])) and y.dtype == torch.int64
    spikes, label = data[3]
    assert torch.equal(x[:, 3], torch.from_numpy(spikes)) and label == y[3] == data[3][1]
    assert neuro.Sequential(neuro.LIF(x.shape[2]))(x)[0].shape == x.shape


@pytest.mark.parametrize("data", [digits("test"), binned()], ids=["digits", "binned"])
def test_the_default_collate_refuses_samples_by_name(data):
    for size in (data.steps, 3):
        with pytest.raises(TypeError, match=r"axonal\.datasets\._sample\.Sample"):
            next(iter(DataLoader(data, size)))
    with pytest.raises(TypeError, match="Sample"):
        default_collate([data[0], data[1]])


def test_samples_of_unequal_length_come_with_their_lengths():
    rng = np.random.default_rng(0)
    sizes = [4, 7, 1]
    samples = [(rng.random((n, 3), dtype=np.float32), k) for k, n in enumerate(sizes)]
    x, y, lengths = neuro.collate(samples, lengths=True)
    assert x.shape == (7, 3, 3) and lengths.tolist() == sizes and y.tolist() == [0, 1, 2]
    for b, (sample, _) in enumerate(samples):
        assert torch.equal(x[: len(sample), b], torch.from_numpy(sample))
        assert not x[len(sample) :, b].any()
    alone = [neuro.rate_loss(torch.from_numpy(s)[:, None], torch.tensor([k])) for s, k in samples]
    torch.testing.assert_close(neuro.rate_loss(x, y, lengths), torch.stack(alone).mean())


def test_samples_of_equal_length_have_lengths_if_asked():
    x, y, lengths = neuro.collate([digits("test")[i] for i in range(3)], lengths=True)
    assert lengths.tolist() == [16, 16, 16] and x.shape == (16, 3, 64) and len(y) == 3


def test_tensors_images_and_samples_without_labels_are_batched():
    (x,) = neuro.collate([torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)])
    assert x.shape == (2, 2, 3, 4, 4) and x[:, 1].all() and not x[:, 0].any()
    dense = np.arange(4).reshape(2, 2)
    x, y = neuro.collate([(np.zeros((5, 3)), dense), (np.zeros((5, 3)), dense)])
    assert y.shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([], "at least one sample"),
        ([(np.zeros((4, 3)), 0), (np.zeros((4, 2)), 0)], r"got \(4, 3\) and \(4, 2\)"),
        (
            [(np.zeros((4, 3)), 0), (np.zeros((5, 3)), 0)],
            r"of 4 to 5 steps: write functools\.partial\(neuro\.collate, lengths=True\)",
        ),
        ([(np.float32(1), 0)], r"samples \[T, ...\]"),
        ([(np.zeros((0, 3)), 0)], "T >= 1"),
        ([(Recording.of([5], [0], 0, 0, Sensor(1)), 0)], "got Recording. Are they events"),
        ([(np.array(["a"]), 0)], "an array or a tensor of numbers, got ndarray"),
    ],
)
def test_what_is_no_batch_gets_one_line(samples, message):
    with pytest.raises(ValueError, match=message) as caught:
        neuro.collate(samples)
    assert "\n" not in str(caught.value)
