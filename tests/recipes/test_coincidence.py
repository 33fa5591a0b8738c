"""The task of two groups: its data hold no shortcut, and its arms are compared fairly."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from axonal import neuro, recipes
from axonal.recipes import _learning, coincidence
from axonal.recipes._train import count_trained

TASK = coincidence.Settings(samples=2000)


def test_the_counts_of_a_coincidence_sample_do_not_tell_its_class() -> None:
    data = coincidence.data(TASK)
    counts = {name: split.dense(range(2000)).sum(0) for name, split in data.items()}
    reader = LogisticRegression(max_iter=500).fit(counts["train"], data["train"].labels)
    accuracy = reader.score(counts["test"], data["test"].labels)
    # 4 standard deviations of a guess among 2000 samples
    assert accuracy < 1 / TASK.classes + 4 * np.sqrt(0.25 * 0.75 / 2000)


@pytest.mark.parametrize("group", [0, 1])
def test_each_group_alone_does_not_tell_the_class_of_a_coincidence_sample(group: int) -> None:
    clean = dataclasses.replace(TASK, lost=0.0, background=0.0)
    rasters = coincidence.draw(clean, "train")
    spikes = rasters.dense(range(2000))[: clean.period, :, group * clean.channels]
    phases = spikes.argmax(0)
    assert (spikes.sum(0) == 1).all()
    for k in range(clean.classes):
        share = np.bincount(phases[rasters.labels == k], minlength=clean.period) / (500)
        assert abs(share - 1 / clean.period).max() < 5 * np.sqrt(1 / clean.period / 500)


def test_the_lag_between_the_groups_is_the_class_of_a_coincidence_sample() -> None:
    clean = dataclasses.replace(TASK, lost=0.0, background=0.0, samples=200)
    rasters = coincidence.draw(clean, "test")
    spikes = rasters.dense(range(200))[: clean.period]
    first, second = spikes[..., 0].argmax(0), spikes[..., clean.channels].argmax(0)
    lags = np.array(clean.lags)[rasters.labels]
    assert ((second - first) % clean.period == lags).all()


def test_the_splits_of_a_coincidence_task_are_different_draws() -> None:
    data = coincidence.data(dataclasses.replace(TASK, samples=50))
    rasters = [split.dense(range(50)) for split in data.values()]
    assert not np.array_equal(rasters[0], rasters[1])
    assert not np.array_equal(rasters[1], rasters[2])


@pytest.mark.parametrize("classes", [2, 4, 8])
@pytest.mark.parametrize("hidden", [2, 8, 32])
def test_no_arm_trains_more_numbers_than_the_other_arms_by_a_neuron(
    classes: int, hidden: int
) -> None:
    trained = {}
    for arm in coincidence.ARMS:
        settings = coincidence.Settings(arm=arm, classes=classes, hidden=hidden)
        trained[arm] = count_trained(coincidence.build(settings))
    neuron = settings.inputs + classes + 2
    assert trained["fixed"] == trained["none"]
    assert 0 <= trained["fixed"] - trained["learned"] < neuron


def test_the_fixed_arm_keeps_its_whole_delays(tmp_path: Path) -> None:
    settings = coincidence.Settings(arm="fixed", samples=64, epochs=1, hidden=4)
    before = coincidence.build(settings).get_submodule("delays")
    recipes.train("coincidence", settings, tmp_path, device="cpu")
    after = recipes.load_run(tmp_path)[0].get_submodule("delays")
    assert isinstance(before, neuro.DelayedLinear)
    assert isinstance(after, neuro.DelayedLinear)
    assert torch.equal(before.delay, before.delay.round())
    assert torch.equal(before.delay, after.delay)


def test_memoryless_neurons_tell_the_classes_with_delays_alone() -> None:
    accuracy = {}
    for arm in ("none", "learned"):
        settings = coincidence.Settings(arm=arm, samples=1024, epochs=12)
        data = coincidence.data(settings)
        net = coincidence.build(settings)
        _learning.fit(net, settings, data["train"])
        accuracy[arm] = _learning.accuracy(net, data["validation"], settings)
    assert accuracy["none"] < 0.25 + 4 * np.sqrt(0.25 * 0.75 / 1024)
    assert accuracy["learned"] > 0.6


def test_the_evaluation_of_frozen_delays_is_the_training_kernel() -> None:
    settings = coincidence.Settings(samples=64, epochs=3, hidden=4)
    net = coincidence.build(settings)
    data = coincidence.data(settings)
    _learning.fit(net, settings, data["train"])
    net.eval()
    x = torch.from_numpy(data["test"].dense(range(64)))
    rounded, _ = net(x)
    layer = net.get_submodule("delays")
    assert isinstance(layer, neuro.DelayedLinear)
    layer.round_in_evaluation = False
    unrounded, _ = net(x)
    assert torch.equal(rounded, unrounded)
