"""The trained digits that ship: usable without training, and the golden file of the format."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from axonal import deploy, recipes
from axonal.recipes import _learning, digits

FILE = Path(deploy.__file__).parent / "data" / "digits.h5"


def test_the_shipped_graph_fires_the_spikes_of_its_golden_run() -> None:
    result = deploy.verify(deploy.example())
    assert result.passed
    assert result.spikes > 1000


def test_the_shipped_graph_scores_what_its_training_reported() -> None:
    graph = deploy.example()
    reported = recipes.trained("digits") / "summary.json"
    assert graph.info["test_accuracy"] == json.loads(reported.read_text())["test_accuracy"]
    # single precision may put the odd sample on the other side of a tie
    assert recipes.graph_accuracy(graph) == pytest.approx(graph.info["test_accuracy"], abs=0.01)


def test_the_shipped_network_predicts_what_its_training_reported() -> None:
    net, settings = recipes.load_run(recipes.trained("digits"))
    accuracy = _learning.accuracy(net, digits.data(settings)["test"], settings)
    summary = json.loads((recipes.trained("digits") / "summary.json").read_text())
    assert accuracy == pytest.approx(summary["test_accuracy"], abs=0.01)
    assert accuracy > 0.96


def test_the_shipped_graph_is_the_export_of_the_shipped_network(tmp_path: Path) -> None:
    recipes.export_run(recipes.trained("digits")).save(tmp_path / "fresh.h5")
    shipped, fresh = deploy.example(), deploy.EventGraph.load(tmp_path / "fresh.h5")
    assert deploy.verify(fresh).passed
    assert [(p.name, p.kind, p.shape) for p in shipped.populations] == [
        (p.name, p.kind, p.shape) for p in fresh.populations
    ]
    for old, new in zip(shipped.projections, fresh.projections, strict=True):
        assert np.array_equal(old.pre, new.pre)
        assert np.array_equal(old.post, new.post)
        assert np.array_equal(old.delay, new.delay)
        # batch norm is folded in floating point, whose last digit may differ on another machine
        np.testing.assert_allclose(old.weight, new.weight, rtol=1e-6)


def test_the_format_of_the_shipped_file_is_the_one_that_is_written(tmp_path: Path) -> None:
    deploy.example().save(tmp_path / "again.h5")

    def layout(path: Path) -> dict[str, tuple[str, object]]:
        found: dict[str, tuple[str, object]] = {}
        with h5py.File(path) as file:
            file.visititems(
                lambda name, item: found.update(
                    {
                        name: (str(item.dtype), item.shape)
                        if hasattr(item, "dtype")
                        else ("group", None)
                    }
                )
            )
            found["/"] = ("attributes", sorted(file.attrs))
        return found

    assert layout(tmp_path / "again.h5") == layout(FILE)


@pytest.mark.parametrize("name", ["no-such", "letters", "../digits"])
def test_a_trained_network_that_does_not_ship_is_refused(name: str) -> None:
    told = f"only {', '.join(recipes.shipped())}: make one with `axonal train`"
    with pytest.raises(recipes.RecipeError, match=told):
        recipes.trained(name)
