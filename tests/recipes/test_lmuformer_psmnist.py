"""The recipe of permuted pixels: arms of equal size, delays that are whole, short runs."""

from pathlib import Path
from typing import Any

import pytest
from helpers import needs

from axonal import neuro, recipes
from axonal.recipes import lmuformer_psmnist
from axonal.recipes._train import count_trained


def tiny(**changes: Any) -> lmuformer_psmnist.Settings:
    sizes = {"epochs": 1, "samples": 20, "validated": 4, "tested": 5, "batch": 10, "order": 8}
    return lmuformer_psmnist.Settings(**{**sizes, "parameters": 900, **changes})


@pytest.mark.parametrize("arm", lmuformer_psmnist.ARMS)
@pytest.mark.parametrize("parameters", [1500, 16_000])
def test_an_arm_trains_as_many_numbers_as_are_counted(arm: str, parameters: int) -> None:
    settings = tiny(arm=arm, parameters=parameters)
    counted = lmuformer_psmnist.trained(settings, settings.width)
    assert count_trained(lmuformer_psmnist.build(settings)) == counted <= parameters
    assert lmuformer_psmnist.trained(settings, settings.width + 1) > parameters


@pytest.mark.parametrize("arm", lmuformer_psmnist.ARMS)
def test_a_short_run_ends_with_numbers(
    arm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(needs.data("mnist").parent))
    summary = recipes.train("lmuformer-psmnist", tiny(arm=arm), tmp_path, device="cpu")
    assert summary["samples"] == {"train": 20, "validation": 4, "test": 5}
    assert 0 <= summary["test_accuracy"] <= 1


def test_a_loop_with_delays_is_never_shorter_than_the_least_delay() -> None:
    settings = tiny(arm="delays", least_delay=3, most_delay=9)
    loop = lmuformer_psmnist.build(settings)["hidden"]
    assert isinstance(loop, neuro.Recurrent)
    assert (loop.delay, loop.feedback.max_delay) == (3, 6)


@pytest.mark.parametrize(
    ("name", "value"),
    [("arm", "gru"), ("samples", 0), ("order", 197), ("theta", 0.5), ("slowest", 1.0),
     ("least_delay", 0), ("most_delay", 7), ("tau_readout", 0.1), ("parameters", 20),
     ("largest_gradient", 0.0)],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes|the setting order"):
        tiny(**{name: value})
