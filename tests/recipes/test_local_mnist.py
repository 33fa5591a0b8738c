"""The recipe of local rules: every rule learns, a stopped run goes on."""

from pathlib import Path

import numpy as np
import pytest
import torch

from axonal.recipes import RecipeError, local_mnist
from axonal.recipes._local_rules import RULES
from axonal.recipes._study import Parts

SMALL = {"hidden": 20, "samples": 300, "epochs": 2, "batch": 50, "steps": 3, "validated": 100}


@pytest.fixture(autouse=True)
def _pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that tell their class by the row that is inked."""
    rng = np.random.default_rng(0)

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, 10, count)
        images = rng.integers(0, 60, (count, 28, 28)).astype(np.uint8)
        images[np.arange(count)[:, None], 8 + labels[:, None] + np.arange(2), :] = 255
        return images, labels.astype(np.int64)

    parts = {"train": drawn(50_200), "test": drawn(200)}
    monkeypatch.setattr(local_mnist, "mnist", parts.__getitem__)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_learns(rule: str, tmp_path: Path) -> None:
    larger = {**SMALL, "hidden": 60, "samples": 900, "epochs": 3}
    settings = local_mnist.Settings(rule=rule, learning_rate=1e-2, **larger)
    learned = local_mnist.learn(settings, Parts(tmp_path, lambda part, share: None))
    assert learned.results["test_accuracy"] > (0.1 if rule == "forward-forward" else 0.2)
    assert learned.results["loss"][-1] < learned.results["loss"][0]


def test_a_run_that_was_stopped_goes_on_with_its_numbers(tmp_path: Path) -> None:
    settings = local_mnist.Settings(rule="mono-forward", **SMALL)
    for name in ("whole", "half"):
        (tmp_path / name).mkdir()
    whole = local_mnist.learn(settings, Parts(tmp_path / "whole", lambda part, share: None))
    (tmp_path / "whole" / "epoch_0.npz").rename(tmp_path / "half" / "epoch_0.npz")
    rest = local_mnist.learn(settings, Parts(tmp_path / "half", lambda part, share: None))
    for name, value in whole.arrays.items():
        assert np.array_equal(value, rest.arrays[name]), name
    assert rest.results["test_accuracy"] == whole.results["test_accuracy"]


def test_a_rule_on_layers_that_it_cannot_train_is_refused() -> None:
    with pytest.raises(RecipeError, match="the setting layers takes spiking with ottt, got 'relu'"):
        local_mnist.Settings(rule="ottt", layers="relu")
    with pytest.raises(RecipeError, match="rule takes one of backprop, feedback-alignment"):
        local_mnist.Settings(rule="luck")


def test_the_same_settings_make_the_same_network() -> None:
    before = torch.get_rng_state()
    one, other = (local_mnist.build(local_mnist.Settings(rule="eprop")) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
