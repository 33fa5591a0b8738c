"""Runs that diverge, and checkpoints of another architecture: one line that says what is left."""

import re

import pytest
import torch

from axonal import recipes
from axonal.recipes import RecipeError, _learner, _weights, digits

SMALL = {"epochs": 3, "hidden": 8, "batch": 512}


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_last_good_checkpoint(
    tmp_path, monkeypatch
):
    run, settings, seen = tmp_path / "run", digits.Settings(**SMALL), []
    loss = _learner.Learner.loss

    def spoiled(self, y, target):
        seen.append(torch.is_grad_enabled())
        updates = sum(seen)
        return loss(self, y, target) * (torch.nan if updates > 5 else 1.0)

    monkeypatch.setattr(_learner.Learner, "loss", spoiled)
    with pytest.raises(RecipeError, match="the loss is nan in epoch ") as caught:
        recipes.train("digits", settings, run, device="cpu")
    line = str(caught.value)
    epoch = int(re.search("epoch (\\d+), and the run was stopped", line)[1])
    assert epoch > 0
    assert f"{run}/checkpoints/last.ckpt holds epoch {epoch - 1}, the last good one" in line
    assert "--learning-rate" in line and "\n" not in line
    assert not (run / "model.pt").exists()
    # the checkpoint is good: without the fault the run goes on from it
    monkeypatch.setattr(_learner.Learner, "loss", loss)
    summary = recipes.train("digits", settings, run, device="cpu", resume=True)
    assert summary["test_accuracy"] > 0


def test_a_learning_rate_that_explodes_is_one_line(tmp_path):
    settings = digits.Settings(**SMALL, learning_rate=1e15, weight_decay=1e15)
    with pytest.raises(RecipeError, match=r"and the run was stopped; no epoch was finished"):
        recipes.train("digits", settings, tmp_path / "run", device="cpu")


def test_weights_of_another_architecture_differ_by_name_and_shape():
    net = digits.build(digits.Settings(hidden=8))
    own = net.state_dict()
    other = digits.build(digits.Settings(hidden=9)).state_dict()
    with pytest.raises(ValueError, match=r"is \[9, 64\] of float32, expected \[8, 64\] of float32"):
        _weights.load(net, other)
    (first, *_), extra = own, {"gru.weight": torch.zeros(2)}
    with pytest.raises(ValueError, match=f"'{first}' is missing, expected .*; 'gru.weight' is unk"):
        _weights.load(net, {**{k: v for k, v in own.items() if k != first}, **extra})


def test_a_checkpoint_of_another_network_is_not_called_damaged(tmp_path):
    for hidden in (8, 9):
        settings = digits.Settings(epochs=1, hidden=hidden, batch=512)
        recipes.train("digits", settings, tmp_path / str(hidden), device="cpu")
    last = "checkpoints/last.ckpt"
    (tmp_path / "8" / last).write_bytes((tmp_path / "9" / last).read_bytes())
    for name in ("summary.json", "model.pt"):
        (tmp_path / "8" / name).unlink()
    with pytest.raises(RecipeError, match=r"last.ckpt is of another network: '.*' is \[9, 64\] of"):
        settings = digits.Settings(epochs=1, hidden=8, batch=512)
        recipes.train("digits", settings, tmp_path / "8", device="cpu", resume=True)
