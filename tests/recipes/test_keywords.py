"""The recipe of spoken words: arms of equal size, digits here, commands where they are."""

from pathlib import Path
from typing import Any

import pytest
from helpers import needs

from axonal import recipes
from axonal.recipes import keywords
from axonal.recipes._runs import Run
from axonal.recipes._train import count_trained


@pytest.mark.parametrize("words", keywords.WORDS)
@pytest.mark.parametrize("arm", keywords.ARMS)
def test_an_arm_trains_as_many_numbers_as_are_counted(arm: str, words: str) -> None:
    settings = keywords.Settings(arm=arm, words=words, order=20)
    counted = keywords.trained(settings, settings.width)
    assert count_trained(keywords.build(settings)) == counted <= settings.parameters
    assert keywords.trained(settings, settings.width + 1) > settings.parameters


def test_no_arm_trains_more_than_the_delay_network() -> None:
    learned = Run("spoken-digits", {"arm": "learned"}).build()
    assert keywords.Settings().parameters == count_trained(learned)


@pytest.mark.parametrize("arm", keywords.ARMS)
def test_a_short_run_on_digits_ends_with_numbers(
    arm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(needs.data("fsdd").parent))
    settings = keywords.Settings(arm=arm, epochs=1, parameters=2500, steps=20, order=8, batch=512)
    summary = recipes.train("keywords", settings, tmp_path, device="cpu")
    assert summary["samples"] == {"train": 2448, "validation": 252, "test": 300}


def test_without_speech_commands_training_says_what_to_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path))
    with pytest.raises(recipes.RecipeError, match=r"speech_commands_v0.02.tar.gz"):
        keywords.data(keywords.Settings(words="commands"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("arm", "gru"), ("words", "letters"), ("split", "none"), ("steps", 0), ("order", 61),
     ("threshold_mean", 0.0), ("activity", -1.0), ("activity_rate", -1.0), ("trace", 0.0),
     ("largest_gradient", 0.0), ("parameters", 100)],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes"):
        keywords.Settings(**{name: value})
