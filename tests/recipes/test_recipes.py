"""Recipes: runs that can be stopped, loaded and trusted, and data that holds no shortcut."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import SRC

from axonal import deploy, neuro, recipes
from axonal.recipes import _learning, coincidence, digits
from axonal.recipes._run_folder import RunFolder

SMALL = {"epochs": 2, "hidden": 12}


def small(**changes: Any) -> digits.Settings:
    return digits.Settings(**{**SMALL, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "digits"
    recipes.train("digits", small(), folder, device="cpu")
    return folder


def summary_of(folder: Path) -> dict[str, Any]:
    """What a run reports, without what depends on the clock."""
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    del summary["seconds"]
    return summary


def metrics_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as stream:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(stream)]


def test_a_run_folder_holds_what_a_reader_needs(run: Path) -> None:
    assert {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()} == {
        "checkpoints/last.ckpt",
        "checksums.sha256",
        "config.json",
        "figures/confusion.png",
        "figures/delays.png",
        "figures/learning_curve.png",
        "figures/raster.png",
        "metrics.csv",
        "model.pt",
        "summary.json",
    }
    summary = summary_of(run)
    assert {"test_accuracy", "validation_accuracy", "seed", "commit", "firing_rates"} <= set(
        summary
    )
    assert 0 < summary["firing_rates"]["hidden"] < 1
    assert [row["epoch"] for row in metrics_of(run)] == ["0", "1"]


def test_a_saved_model_is_a_plain_state_dict_that_predicts_what_was_reported(run: Path) -> None:
    weights = torch.load(run / "model.pt", weights_only=True)
    assert all(isinstance(tensor, torch.Tensor) for tensor in weights.values())
    net, settings = recipes.load_run(run)
    test = digits.data(settings)["test"]
    assert _learning.accuracy(net, test, settings) == summary_of(run)["test_accuracy"]


def test_a_loaded_run_has_whole_frozen_delays(run: Path) -> None:
    net, _ = recipes.load_run(run)
    layer = net.get_submodule("delays")
    assert isinstance(layer, neuro.DelayedLinear)
    assert layer.frozen
    assert torch.equal(layer.delay, layer.delay.round())


def test_training_twice_gives_the_same_numbers(run: Path, tmp_path: Path) -> None:
    recipes.train("digits", small(), tmp_path, device="cpu")
    assert summary_of(tmp_path) == summary_of(run)
    assert metrics_of(tmp_path) == metrics_of(run)


def test_the_plain_loop_trains_the_network_that_lightning_trains(run: Path) -> None:
    settings = small()
    net = digits.build(settings)
    _learning.fit(net, settings, digits.data(settings)["train"])
    for name, tensor in torch.load(run / "model.pt", weights_only=True).items():
        assert torch.equal(net.state_dict()[name], tensor), name


def test_building_a_network_leaves_the_callers_random_state_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    digits.build(small())
    assert torch.equal(torch.get_rng_state(), before)


KILLED = """
import sys, time
from axonal import recipes
from axonal.recipes import _learning, digits
begin = _learning.begin_epoch
def slow(net, optimiser, settings, epoch):
    print(epoch, flush=True)
    begin(net, optimiser, settings, epoch)
dense = digits.Padded.dense
def slowly(self, indices):
    time.sleep(0.02)
    return dense(self, indices)
_learning.begin_epoch, digits.Padded.dense = slow, slowly
settings = digits.Settings(epochs=6, hidden=12)
recipes.train("digits", settings, sys.argv[1], device="cpu", resume=True)
"""


@pytest.mark.slow
def test_a_run_killed_in_an_epoch_resumes_to_exactly_the_same_end(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(KILLED)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    env = {**os.environ, "PYTHONPATH": str(SRC), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, script, killed]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            # epoch 4 comes after the freezing of the delays, which the resumed run has to know of
            if line.strip() == "4":
                time.sleep(0.1)
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait(600) == -signal.SIGKILL
    assert [row["epoch"] for row in metrics_of(killed)] == ["0", "1", "2", "3"]
    assert not (killed / "summary.json").exists()

    settings = small(epochs=6)
    recipes.train("digits", settings, killed, device="cpu", resume=True)
    recipes.train("digits", settings, whole, device="cpu")
    assert summary_of(killed) == summary_of(whole)
    assert metrics_of(killed) == metrics_of(whole)
    ends = [torch.load(folder / "model.pt", weights_only=True) for folder in (killed, whole)]
    assert all(torch.equal(ends[0][name], tensor) for name, tensor in ends[1].items())


def test_resuming_a_finished_run_returns_what_it_found(run: Path) -> None:
    before = (run / "model.pt").stat().st_mtime_ns
    summary = recipes.train("digits", small(), run, device="cpu", resume=True)
    assert summary == json.loads((run / "summary.json").read_text())
    assert (run / "model.pt").stat().st_mtime_ns == before


def test_a_finished_run_is_not_overwritten(run: Path) -> None:
    with pytest.raises(recipes.RecipeError, match="holds a finished run: write --resume"):
        recipes.train("digits", small(), run, device="cpu")


def test_a_run_is_not_resumed_with_other_settings(run: Path) -> None:
    with pytest.raises(recipes.RecipeError, match="started with epochs 2, not 3"):
        recipes.train("digits", small(epochs=3), run, device="cpu", resume=True)


def test_a_folder_of_something_else_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(recipes.RecipeError, match="is not empty and holds no run"):
        recipes.train("digits", small(), tmp_path, device="cpu")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_force_replaces_a_run_by_that_of_another_seed_and_leaves_all_else_alone(
    run: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(run, tmp_path / "run")
    (folder / "note.txt").write_text("mine")
    torch.set_num_threads(2)
    try:
        recipes.train("digits", small(seed=3), folder, device="cpu", force=True)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert summary_of(folder)["seed"] == 3
    assert metrics_of(folder) != metrics_of(run)
    assert (folder / "note.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda r: (r / "config.json").write_text("{"), "config.json is damaged"),
        (lambda r: (r / "config.json").write_text("{}"), "is not the configuration of a run"),
        (lambda r: (r / "config.json").write_text("{}"), "it has no 'recipe'"),
        (lambda r: (r / "model.pt").write_bytes(b"nothing"), "does not hold .*: the file is damag"),
        (lambda r: torch.save({}, r / "model.pt"), "does not hold the weights"),
    ],
)
def test_a_damaged_run_is_named_in_one_line(
    damage: Any, message: str, run: Path, tmp_path: Path
) -> None:
    for name in ("config.json", "model.pt", "summary.json"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    damage(tmp_path)
    with pytest.raises(recipes.RecipeError, match=message) as caught:
        recipes.load_run(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_unfinished_run_says_how_to_go_on(tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").prepare("digits", small(), resume=False, force=False)
    with pytest.raises(FileNotFoundError, match="is not finished: go on with `axonal train digits"):
        recipes.load_run(tmp_path / "run")


def test_without_lightning_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "axonal.recipes._lightning", raising=False)
    monkeypatch.delattr("axonal.recipes._lightning", raising=False)
    monkeypatch.setitem(sys.modules, "lightning", None)
    with pytest.raises(ImportError, match=r"pip install 'axonal\[train\]'"):
        recipes.train("digits", small(), tmp_path / "run", device="cpu")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        pytest.param("epochs", 10**5000, id="epochs-too-long-to-print"),
        ("seed", -1),
        ("seed", 2**64),
        ("freeze_from", 1.5),
        ("readout", "guess"),
        ("dt", 0.0),
        ("tau", float("inf")),
        ("tau", 1e9),
        ("learning_rate", float("nan")),
    ],
)
def test_a_setting_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes"):
        small(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", "5"), ("epochs", 2.5), ("dt", "1ms"), ("seed", None)]
)
def test_a_setting_of_the_wrong_type_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes a .*, got"):
        type(small()).from_json({name: value})


def test_settings_survive_json() -> None:
    for settings in (small(seed=4), coincidence.Settings(arm="fixed")):
        again = type(settings).from_json(json.loads(json.dumps(settings.to_json())))
        assert again == settings


def test_an_exported_run_fires_the_spikes_of_the_network_and_scores_as_it_did(run: Path) -> None:
    graph = recipes.export_run(run, samples=3)
    result = deploy.verify(graph)
    assert result.passed
    assert result.spikes > 100
    assert graph.info["recipe"] == "digits"
    # single precision may put the odd sample on the other side of a tie
    assert recipes.graph_accuracy(graph) == pytest.approx(
        summary_of(run)["test_accuracy"], abs=0.01
    )


@dataclass(frozen=True, kw_only=True)
class Cut(digits.Settings):
    """Settings that cut gradients."""

    largest_gradient: float = 1e-3


def test_gradients_are_cut_where_settings_say_so_and_nowhere_else() -> None:
    for settings, largest in ((Cut(hidden=4), 1e-3), (digits.Settings(hidden=4), None)):
        net = digits.build(settings)
        for p in net.parameters():
            p.grad = torch.ones_like(p)
        _learning.cut(net, settings)
        norm = torch.stack([p.grad.norm() for p in net.parameters()]).norm().item()
        assert norm == pytest.approx(largest, rel=1e-3) if largest else norm > 1


def test_the_plain_loop_and_lightning_cut_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Cut(epochs=1, hidden=4)
    net = digits.build(settings)
    _learning.fit(net, settings, digits.data(settings)["train"])
    monkeypatch.setattr(digits, "Settings", Cut)
    recipes.train("digits", settings, tmp_path / "run", device="cpu")
    for name, tensor in torch.load(tmp_path / "run" / "model.pt", weights_only=True).items():
        assert torch.equal(net.state_dict()[name], tensor), name
