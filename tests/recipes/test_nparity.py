"""The recipe nparity: what it trains, that it goes on where it stopped, and its settings."""

from pathlib import Path

import numpy as np
import pytest

from axonal import recipes
from axonal.recipes import _curriculum
from axonal.recipes._timescales import Memory

TINY = {"units": 24, "batch": 32, "updates": 40, "seconds": 1e-3, "passed": 0.6}


@pytest.mark.parametrize("cell", ["rate", "spiking"])
def test_a_run_that_was_stopped_goes_on_and_ends_alike(cell: str, tmp_path: Path) -> None:
    recipe, kind = recipes.find("nparity"), {"cell": cell, "optimiser": "adam"}
    settings = recipe.Settings(**TINY, **kind, learning_rate=0.01)
    first = recipes.train("nparity", settings, tmp_path / "run")
    assert first["epochs"] == 1 and first["solved"] in (1, 2)
    assert first["chance"]["2"] == pytest.approx(2 / 3, abs=1e-4)
    assert set(first["tau"]) == {"mean", "deviation", "most"}
    (tmp_path / "run" / "summary.json").unlink()
    again = recipes.train("nparity", settings, tmp_path / "run", resume=True)
    same = ("solved", "heads", "tau", "network_tau", "history")
    assert [again[name] for name in same] == [first[name] for name in same]


def test_a_network_learns_the_parity_of_two_bits(tmp_path: Path) -> None:
    settings = recipes.find("nparity").Settings(
        units=32, batch=64, updates=300, optimiser="adam", learning_rate=0.01, seconds=20, most=2
    )
    found = recipes.train("nparity", settings, tmp_path / "run")
    assert found["solved"] == 2 and found["test_accuracy"] > 0.97


@pytest.mark.parametrize("name", _curriculum.CURRICULA)
def test_curricula_train_the_present_order_last(name: str) -> None:
    settings = recipes.find("nparity").Settings(curriculum=name, window=3)
    for order in (2, 5, 9):
        heads = settings.heads(order)
        assert heads[-1] == order and heads == sorted(heads) and heads[0] >= 2


def test_time_constants_begin_between_one_and_two_steps() -> None:
    for cell in ("rate", "spiking"):
        tau = Memory(recipes.find("nparity").Settings(cell=cell, units=50)).tau
        assert tau.shape == (50,) and (tau >= 1).all() and (tau <= 2.001).all()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"task": "xor"}, "task takes one of parity, match"),
        ({"curriculum": "all"}, "curriculum takes one of single, heads, window"),
        ({"cell": "lstm"}, "cell takes one of rate, spiking"),
        ({"optimiser": "lion"}, "optimiser takes one of sgd, adam"),
        ({"passed": 0.5}, "passed takes a share above 0.5, to 1"),
        ({"most": 1}, "most takes a whole number >= 2"),
        ({"seconds": 0.0}, "seconds takes a number > 0"),
    ],
)
def test_a_setting_out_of_range_is_one_line(setting: dict[str, object], said: str) -> None:
    with pytest.raises(recipes.RecipeError, match=said) as caught:
        recipes.find("nparity").Settings(**setting)
    assert "\n" not in str(caught.value)


def test_a_part_of_another_network_is_refused(tmp_path: Path) -> None:
    recipe = recipes.find("nparity")
    recipes.train("nparity", recipe.Settings(**TINY), tmp_path / "run")
    part = tmp_path / "run" / "checkpoints" / "epoch0000.npz"
    arrays = dict(np.load(part))
    arrays["net.inputs.weight"] = arrays["net.inputs.weight"][:5]
    np.savez(part, **arrays)
    (tmp_path / "run" / "summary.json").unlink()
    with pytest.raises(recipes.RecipeError, match="holds another network"):
        recipes.train("nparity", recipe.Settings(**TINY), tmp_path / "run", resume=True)
