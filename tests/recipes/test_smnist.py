"""The recipe of sequential MNIST: one step per pixel, no sample in two splits, short runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import needs

from axonal import neuro, recipes
from axonal.datasets import mnist
from axonal.datasets.sets import permutation
from axonal.recipes import smnist


def tiny(**changes: Any) -> smnist.Settings:
    return smnist.Settings(
        **{
            "epochs": 1,
            "samples": 20,
            "tested": 5,
            "hidden": 6,
            "levels": 3,
            "batch": 10,
            **changes,
        }
    )


@pytest.fixture(autouse=True)
def _there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(needs.data("mnist").parent))


@pytest.mark.parametrize("permuted", [False, True])
def test_every_pixel_is_a_step_and_its_grey_value_is_the_sum_of_what_came(permuted: bool) -> None:
    settings = tiny(permuted=permuted)
    data = smnist.data(settings)
    images, labels = mnist("train")
    order = permutation() if permuted else np.arange(784)
    x = data["train"].dense(range(20))
    assert x.shape == (784, 20, 6)
    assert x.max() == 1
    # channels that rise less those that fall, so far
    level = (x[..., 3:] - x[..., :3]).sum(-1).cumsum(0)
    grey = images[:20].reshape(20, 784)[:, order].T.astype(float)
    assert np.abs(level * 255 / 3 - grey).max() <= 255 / 6
    assert data["train"].labels.tolist() == labels[:20].tolist()


def test_no_sample_is_in_two_splits() -> None:
    data = smnist.data(tiny())
    labels = mnist("train")[1]
    assert data["validation"].labels.tolist() == labels[20:22].tolist()
    assert data["test"].labels.tolist() == mnist("test")[1][:5].tolist()


def test_leaky_neurons_run_compiled_and_remember_for_many_lengths() -> None:
    layer = smnist.build(tiny(fastest=5.0, slowest=50.0))["hidden"]
    assert isinstance(layer, neuro.Recurrent)
    tau = -1 / torch.log(torch.as_tensor(layer.body.decay))
    torch.testing.assert_close(tau[[0, -1]], torch.tensor([5.0, 50.0]), rtol=1e-4, atol=0)
    assert (tau.diff() > 0).all()


@pytest.mark.parametrize("neuron", smnist.NEURONS)
def test_a_short_run_ends_with_numbers(neuron: str, tmp_path: Path) -> None:
    summary = recipes.train("smnist", tiny(neuron=neuron), tmp_path, device="cpu")
    assert summary["samples"] == {"train": 20, "validation": 2, "test": 5}
    assert 0 <= summary["test_accuracy"] <= 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("samples", 9), ("samples", 54_546), ("tested", 0), ("levels", 256), ("hidden", 0),
     ("neuron", "fast"), ("fastest", 0.5), ("slowest", 5.0)],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes"):
        tiny(**{name: value})


def test_without_images_training_says_what_to_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path))
    with pytest.raises(recipes.RecipeError, match="MNIST") as caught:
        smnist.data(tiny())
    assert "\n" not in str(caught.value)
