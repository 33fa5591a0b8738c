"""Recipes of users: trained from a file; code in run folders and graphs never runs."""

import hashlib
import json
import re
import shutil
from functools import partial
from pathlib import Path

import joblib
import pytest
import torch
from helpers.shell import Axonal, called

from axonal import deploy, recipes

MINE = """
'''Two classes, told by the group of inputs that fires.'''

from dataclasses import dataclass

import numpy as np
import torch

from axonal import neuro, recipes

print("mine runs")


@dataclass(frozen=True, kw_only=True)
class Settings(recipes.Settings):
    '''Settings of mine.

    Args:
        contrast: share of the spikes that the other group has not.
        quick: fire at once.
        most: neurons at most, none for no limit.
    '''

    epochs: int = 2
    contrast: float = 0.5
    quick: bool = False
    most: int | None = None
    note: str = "x"


def data(settings):
    rng = np.random.default_rng(settings.seed)
    labels = np.arange(40) % 2
    rates = np.where(np.arange(6) // 3 == labels[:, None], 0.8, 0.8 - settings.contrast)
    spikes = (rng.random((8, 40, 6)) < rates).astype(np.uint8)
    return {part: recipes.Rasters(spikes, labels) for part in ("train", "validation", "test")}


def build(settings):
    torch.manual_seed(settings.seed)
    return neuro.Sequential(
        {
            "weights": neuro.Linear(6, 5),
            "hidden": neuro.LIF(5, 4.0),
            "out": neuro.Linear(5, 2),
            "readout": neuro.LeakyIntegrator(2, 4.0),
        }
    )
"""


@pytest.fixture
def axonal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Axonal:
    return partial(called, capsys, monkeypatch)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    return file


def trained(mine: Path) -> Path:
    run = mine.parent / "run"
    settings = recipes.find(str(mine)).Settings(seed=1)
    recipes.train(str(mine), settings, run, device="cpu")
    return run


def test_a_file_is_trained_exported_verified_and_run_from_the_shell(
    axonal: Axonal, mine: Path, tmp_path: Path
) -> None:
    words = ("--contrast", "0.6", "--quick", "--most", "none", "--epochs", "1", "--json")
    done = axonal("train", "mine.py", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "mine"
    config = json.loads((run / "config.json").read_text())
    assert (config["recipe"], config["recipe_file"]) == ("mine", str(mine))
    assert config["settings"]["contrast"] == 0.6 and config["settings"]["quick"] is True
    assert (run / "recipe.txt").read_text() == MINE
    again = axonal("train", mine, *words, "--out", run, "--resume", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    exported = axonal("export", run, "--out", tmp_path / "g.h5", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert axonal("verify", tmp_path / "g.h5").returncode == 0
    ran = axonal("run", tmp_path / "g.h5", "--data", mine, "--json")
    assert json.loads(ran.stdout)["samples"] == 40, ran.stderr


def test_the_help_of_a_file_lists_its_settings(axonal: Axonal, mine: Path) -> None:
    text = axonal("train", mine, "--help").stdout
    for words in (
        "Two classes, told by",
        "--contrast",
        "--no-quick",
        "Share of the spikes",
        "none",
    ):
        assert words in text


def test_a_run_is_loaded_by_the_recorded_file_while_it_is_the_same(mine: Path) -> None:
    run = trained(mine)
    net, settings = recipes.load_run(run)
    assert settings.seed == 1
    elsewhere = mine.with_name("moved.py")
    mine.rename(elsewhere)
    with pytest.raises(recipes.RecipeError, match=r"not at .*mine\.py any more: name its recipe"):
        recipes.load_run(run)
    again, _ = recipes.load_run(run, recipe=str(elsewhere))
    x = torch.ones(8, 1, 6)
    assert torch.equal(net(x)[0], again(x)[0])
    (run / "summary.json").unlink()
    recipes.train(str(elsewhere), settings, run, device="cpu", resume=True)
    assert recipes.load_run(run, recipe=str(elsewhere))
    mine.write_text(MINE + "\n# another thought\n")
    with pytest.raises(recipes.RecipeError, match=r"has changed since: put it back .*recipe\.txt"):
        recipes.load_run(run)
    with pytest.raises(recipes.RecipeError, match="has changed since the run in"):
        recipes.train(str(mine), settings, run, device="cpu", resume=True)


def hostile(run: Path, path: Path) -> None:
    """Make a run folder name a file of its own making as its recipe."""
    config = json.loads((run / "config.json").read_text())
    config["recipe_file"] = str(path)
    config["recipe_sha256"] = hashlib.sha256(path.resolve().read_bytes()).hexdigest()
    (run / "config.json").write_text(json.dumps(config))
    (run / "checksums.sha256").unlink()


@pytest.mark.parametrize("relative", [False, True])
def test_code_inside_a_run_folder_never_runs(
    relative: bool, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(mine)
    inside = run / "evil.py"
    inside.write_text("raise SystemExit('ran')")
    if relative:
        monkeypatch.chdir(run)
    hostile(run, Path("evil.py") if relative else inside)
    with pytest.raises(recipes.RecipeError, match=r"whose files never run|is not at evil\.py any"):
        recipes.load_run(run)
    linked = mine.with_name("linked.py")
    linked.symlink_to(inside)
    with pytest.raises(recipes.RecipeError, match="whose files never run"):
        recipes.load_run(run, recipe=str(linked))


def test_a_graph_runs_no_code_but_that_of_the_file_that_made_it(mine: Path) -> None:
    run = trained(mine)
    graph = recipes.export_run(run, samples=2)
    graph.save(mine.with_name("g.h5"))
    shutil.rmtree(run)
    mine.write_text(MINE.replace("mine runs", "changed"))
    loaded = deploy.EventGraph.load(mine.with_name("g.h5"))
    with pytest.raises(recipes.RecipeError, match="is not what this graph was made by"):
        recipes.graph_accuracy(loaded)
    mine.write_text(MINE)
    assert recipes.graph_accuracy(loaded) == pytest.approx(graph.info["test_accuracy"], abs=0.03)


def test_figures_leave_out_what_a_network_has_not(mine: Path) -> None:
    mine.write_text(
        MINE.replace('"hidden": neuro.LIF(5, 4.0),', "")
        .replace("neuro.Linear(6, 5)", "neuro.Linear(6, 4)")
        .replace("neuro.Linear(5, 2)", "neuro.Linear(4, 3)")
        .replace("neuro.LeakyIntegrator(2, 4.0)", "neuro.LeakyIntegrator(3, 4.0)")
    )
    figures = trained(mine) / "figures"
    assert {path.name for path in figures.iterdir()} == {"learning_curve.png", "confusion.png"}


COMPARED = """
COMPARISON = recipes.Comparison(
    {"low": recipes.Arm("low contrast", {"contrast": 0.1}), "high": recipes.Arm("high", {})},
    seeds=(0, 1),
    pairs=(("high", "low"),),
    chosen_by="contrast",
)
"""


def test_a_file_that_compares_arms_is_compared_and_again_when_it_changes(
    axonal: Axonal, mine: Path
) -> None:
    mine.write_text(MINE + COMPARED)
    words = ("train", mine, "--epochs", "1", "--out", mine.with_name("arms"))
    with joblib.parallel_config(backend="sequential"):
        done = axonal(*words)
        assert done.returncode == 0, done.stderr
        for part in ("# mine: 2 arms, 2 seeds", "low contrast", "difference of", "wrote "):
            assert part in done.stdout
        # its networks have no delays
        assert "cost of rounding" not in done.stdout
        rows = mine.with_name("arms") / "runs.jsonl"
        assert len(rows.read_text().splitlines()) == 4
        axonal(*words)
        assert len(rows.read_text().splitlines()) == 4
        mine.write_text(MINE + COMPARED + "# another\n")
        axonal(*words)
    assert len(rows.read_text().splitlines()) == 8
    told = " ".join(axonal("train", mine, "--help").stdout.split())
    assert "Without --contrast all 2 arms are trained with 2 seeds each" in told
    refused = axonal(*words, "--seed", "3")
    assert "--seed is for one network, and without --contrast all arms" in refused.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("gone.py", None, "there is no recipe in .*gone.py: no such file"),
        ("digits.py", MINE, "has the name of a recipe that comes with axonal, digits: rename"),
        ("spoken_digits.py", MINE, "the name of a recipe that comes with axonal, spoken-digits"),
        ("a.py", "x = 1", r"is no recipe: it lacks a dataclass Settings.*, a function data"),
        (
            "a.py",
            "import nowhere_at_all",
            r"cannot be imported: ModuleNotFound.* \(line 1\)",
        ),
        ("a.py", "\n\nx = (", r"cannot be imported: SyntaxError: .* \(line 3\)"),
        (
            "a.py",
            MINE.replace("contrast", "out"),
            "the setting out of .*a.py is called like the",
        ),
        ("a.py", MINE.replace('note: str = "x"', "note: str"), "needs one|cannot be imported"),
        ("a.py", MINE.replace('note: str = "x"', "note: tuple = ()"), "note is of type .*tuple"),
    ],
)
def test_a_file_that_is_no_recipe_is_one_line(
    name: str, text: str | None, said: str, axonal: Axonal, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    refused = axonal("train", tmp_path / name)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert re.search(said, line), line


def test_the_copy_of_a_recipe_is_what_the_checksums_of_a_run_leave_alone(mine: Path) -> None:
    run = trained(mine)
    names = (run / "checksums.sha256").read_text()
    assert "recipe.txt" not in names
