"""The recipe of spiking attention: arms that differ in their masks alone, learning, export."""

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.nmnist import write_recordings

from axonal import deploy, recipes
from axonal.recipes import _learning, attention_nmnist


def tiny(**changes: Any) -> attention_nmnist.Settings:
    small = {"epochs": 1, "width": 8, "hidden": 8, "blocks": 1, "batch": 32, "learning_rate": 0.01}
    return attention_nmnist.Settings(**{**small, **changes})


@pytest.fixture(scope="module", autouse=True)
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("data")
    made = write_recordings(tmp_path_factory.mktemp("nmnist"))
    (folder / "nmnist").symlink_to(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AXONAL_DATA", str(folder))
        yield


@pytest.mark.parametrize("arm", attention_nmnist.COMPARISON.arms)
def test_every_arm_learns_and_has_every_weight_in_it(arm: str) -> None:
    settings = tiny(arm=arm, epochs=10, batch=8, width=16, hidden=16, shift=1, turn=0.0)
    data, net = attention_nmnist.data(settings), attention_nmnist.build(settings)
    before = {name: value.clone() for name, value in net.named_parameters()}
    _learning.fit(net, settings, data["train"])
    # ten classes
    assert _learning.accuracy(net, data["train"], settings) > 0.3
    assert [n for n, value in net.named_parameters() if torch.equal(value, before[n])] == []


def test_a_trained_network_is_exported_with_its_spikes(tmp_path: Path) -> None:
    settings = tiny(epochs=4, batch=8, learning_rate=0.02)
    recipes.train("attention-nmnist", settings, tmp_path / "run", device="cpu")
    with pytest.warns(UserWarning, match="other values than 0 and 1"):
        graph = recipes.export_run(tmp_path / "run", samples=2)
    assert deploy.verify(graph).passed
    assert sum(name.startswith("product") for name in graph.golden.spikes) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("arm", "softmax"), ("fold", 5), ("width", 6), ("blocks", 0), ("hidden", 0), ("tau", 0.0)],
)
def test_a_setting_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes"):
        tiny(**{name: value})
