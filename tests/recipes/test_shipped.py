"""The trained networks that ship: their page, their graphs, and what they were said to reach."""

import json
import math
from typing import Any

import pytest
from helpers import ROOT, needs

from axonal import deploy, recipes
from axonal.recipes import _find, _learning, _shipped

PAGE = ROOT / "docs" / "models.md"
SAMPLES = 300
NEEDS = {
    "spoken-digits": "fsdd", "keywords": "fsdd", "nmnist": "nmnist-small",
    "attention-nmnist": "nmnist-small", "smnist": "mnist",
    "egru-smnist": "mnist", "lmuformer-psmnist": "mnist",
}  # fmt: skip
NETWORKS = [name for name in recipes.shipped() if not _find.is_study(recipes.find(name))]


class First:
    """The first samples of a part."""

    def __init__(self, samples: Any, count: int) -> None:
        self.samples, self.labels = samples, samples.labels[:count]

    def __len__(self) -> int:
        return len(self.labels)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.samples, name)


@pytest.fixture(autouse=True)
def data(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    name = getattr(request.node, "callspec", None)
    wanted = NEEDS.get(name.params["name"]) if name else None
    if wanted:
        monkeypatch.setenv("AXONAL_DATA", str(needs.data(wanted).parent))


def graphs_of_the_page() -> dict[str, str]:
    """The graph of every model, in the words of the page."""
    lines = PAGE.read_text().splitlines()
    cells = [line.split(" | ") for line in lines if line.startswith("| ")][2:]
    return {row[0].removeprefix("| "): row[4] for row in cells}


def test_the_page_of_models_is_what_the_run_folders_say(monkeypatch: pytest.MonkeyPatch) -> None:
    # its graphs are made below, once
    monkeypatch.setattr(_shipped, "graph", graphs_of_the_page().__getitem__)
    assert PAGE.read_text() == _shipped.page()


def test_all_of_them_are_small() -> None:
    assert sum(_shipped.described(name)["bytes"] for name in recipes.shipped()) < 8e6


@pytest.mark.filterwarnings("ignore:golden inputs hold other values:UserWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_as_good_as_its_training_reported_and_fires_the_same_exported(
    name: str,
) -> None:
    folder = recipes.trained(name)
    net, settings = recipes.load_run(folder)
    test = recipes.find(name).data(settings)["test"]
    few = First(test, min(SAMPLES, len(test)))
    reported = json.loads((folder / "summary.json").read_text())["test_accuracy"]
    chance = 4 * math.sqrt(reported * (1 - reported) / len(few))
    assert _learning.accuracy(net, few, settings) == pytest.approx(reported, abs=chance)
    try:
        graph = recipes.export_run(folder, samples=2)
    except ValueError as error:
        told = graphs_of_the_page()[name].removeprefix("none: ")
        assert told in str(error)
    else:
        assert deploy.verify(graph).passed
        synapses = sum(p.size for p in graph.projections)
        assert graphs_of_the_page()[name] == f"{synapses} synapses"
