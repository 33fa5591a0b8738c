"""The recipe of gated units on small images: sequences, activity in loss and metrics, controls."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import needs

from axonal import recipes
from axonal.datasets import mnist
from axonal.datasets.sets import permutation
from axonal.recipes import _learner, _sequential, egru_smnist


def tiny(**changes: Any) -> egru_smnist.Settings:
    sizes = {"epochs": 2, "samples": 30, "validated": 6, "tested": 5, "hidden": 6, "batch": 10}
    return egru_smnist.Settings(**{**sizes, **changes})


@pytest.fixture(autouse=True)
def _there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(needs.data("mnist").parent))


def test_steps_are_rows_or_pixels_of_means_of_four_pixels() -> None:
    images, labels = mnist("train")
    grey = images[3].reshape(14, 2, 14, 2).astype(float).mean((1, 3)) / 255
    rows = egru_smnist.data(tiny())
    np.testing.assert_allclose(rows["train"].dense([3])[:, 0], grey, atol=1e-6)
    pixels = egru_smnist.data(tiny(order="pixels"))["train"].dense([3])
    np.testing.assert_allclose(pixels[:, 0, 0], grey.ravel(), atol=1e-6)
    permuted = _sequential.sequences("permuted", 4, 1, 1)["train"].dense([3])
    np.testing.assert_allclose(permuted[:, 0, 0], grey.ravel()[permutation(0, 196)], atol=1e-6)
    assert rows["validation"].labels.tolist() == labels[-6:].tolist()
    assert sorted(permutation(3, 196)) == list(range(196))


@pytest.mark.parametrize("arm", egru_smnist.ARMS)
def test_a_run_is_that_of_its_seed_and_tells_of_its_events(arm: str, tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        summary = recipes.train(
            "egru-smnist", tiny(arm=arm, epochs=1), tmp_path / name, device="cpu"
        )
        with (tmp_path / name / "metrics.csv").open() as file:
            rows = [
                {k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)
            ]
        found.append((summary["test_accuracy"], summary["firing_rates"], rows))
    assert found[0] == found[1]
    _, rates, rows = found[0]
    told = {"train_event_rate", "validation_backward_sparsity"} <= set(rows[0])
    assert told == (arm == "egru")
    if arm == "egru":
        assert 0 < rates["hidden"] <= 1
        assert 0 <= float(rows[0]["train_backward_sparsity"]) <= 1


def test_the_penalty_is_part_of_the_loss_in_training_alone() -> None:
    losses, x = {}, torch.rand(14, 3, 14)
    for strength in (0.0, 0.5):
        settings = tiny(activity=strength)
        learner = _learner.Learner(egru_smnist.build(settings), settings)
        target = torch.tensor([0, 1, 2])
        y = learner.run(x)
        with torch.no_grad():
            told = learner.loss(y, target)
        losses[strength] = (float(learner.loss(y, target).detach()), float(told))
    assert losses[0.0][0] == losses[0.0][1] == losses[0.5][1]
    assert losses[0.5][0] != losses[0.5][1]


def test_the_gate_that_keeps_begins_where_it_is_told() -> None:
    bias = egru_smnist.build(tiny(keeping=2.0))["hidden"].bias_in
    assert bias[:6].tolist() == [2.0] * 6 and bias[6:].abs().max() == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("arm", "lstm"), ("order", "columns"), ("samples", 55_001), ("validated", 0), ("hidden", 0),
     ("threshold_mean", 1.0), ("support", 0.0), ("zoneout", 1.0), ("activity", -1.0),
     ("activity_rate", 2.0), ("trace", 0.5), ("largest_gradient", 0.0)],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes"):
        tiny(**{name: value})


def test_without_images_training_says_what_to_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path))
    with pytest.raises(recipes.RecipeError, match="MNIST") as caught:
        egru_smnist.data(tiny())
    assert "\n" not in str(caught.value)
