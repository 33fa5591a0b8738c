"""Recipes that learn by themselves: trained from a file, stopped, resumed, refused."""

import dataclasses
import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.shell import Axonal, called

from axonal import deploy, recipes

MINE = """
'''A mean of random numbers, made in two parts.'''

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from axonal import recipes

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Settings(recipes.BaseSettings):
    '''Settings of mine.

    Args:
        size: numbers of each part.
    '''

    size: int = 50


def learn(settings, parts):
    def make(name):
        def made(report):
            with (HERE / "made.txt").open("a") as log:
                log.write(name + " ")
            if (HERE / f"stop-{name}").exists():
                raise KeyboardInterrupt
            report(1.0)
            seed = [settings.seed, len(name)]
            return {"x": np.random.default_rng(seed).random(settings.size)}

        return made

    x = np.concatenate([parts.get(name, make(name))["x"] for name in ("one", "three")])
    draw = lambda folder: (folder / "mean.png").write_bytes(b"a figure")
    return recipes.Learned({"mean": x.mean(keepdims=True)}, {"mean": float(x.mean())}, draw)
"""


@pytest.fixture
def axonal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Axonal:
    return partial(called, capsys, monkeypatch)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    return file


def made(mine: Path) -> list[str]:
    """Parts in the order in which they were made."""
    return mine.with_name("made.txt").read_text().split()


def test_a_file_is_trained_from_the_shell(axonal: Axonal, mine: Path, tmp_path: Path) -> None:
    done = axonal("train", "mine.py", "--size", "20", "--seed", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^mean +0\.\d{4}$", done.stdout, re.MULTILINE), done.stdout
    run = tmp_path / "runs" / "mine"
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["recipe"], summary["seed"], summary["trained_parameters"]) == ("mine", 3, 1)
    assert (run / "recipe.txt").read_text() == MINE
    assert (run / "figures" / "mean.png").exists()
    kept = torch.load(run / "model.pt", weights_only=True)
    assert float(kept["mean"]) == pytest.approx(summary["mean"])
    text = " ".join(axonal("train", mine, "--help").stdout.split())
    assert "A mean of random numbers" in text and "--size" in text and "--epochs" not in text


def test_a_stopped_run_goes_on_with_the_parts_that_are_there(axonal: Axonal, mine: Path) -> None:
    words = ("train", mine, "--json", "--out")
    whole = json.loads(axonal(*words, mine.with_name("whole")).stdout)
    stop = mine.with_name("stop-three")
    stop.touch()
    out = mine.with_name("stopped")
    stopped = axonal(*words, out)
    assert stopped.returncode != 0 and "goes on with --resume" in stopped.stderr
    assert not (out / "summary.json").exists()
    refused = axonal(*words, out)
    assert "holds a run that was stopped: write --resume" in refused.stderr
    other = axonal(*words, out, "--resume", "--size", "9")
    assert "was started with size 50, not 9" in other.stderr
    stop.unlink()
    mine.with_name("made.txt").unlink()
    assert json.loads(axonal(*words, out, "--resume").stdout)["mean"] == whole["mean"]
    assert made(mine) == ["three"]
    # a finished run is not made again
    assert json.loads(axonal(*words, out, "--resume").stdout)["mean"] == whole["mean"]
    assert made(mine) == ["three"]


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_part_is_made_anew(damage: str, mine: Path) -> None:
    settings, out = recipes.find(str(mine)).Settings(), mine.with_name("run")
    first = recipes.train(str(mine), settings, out)
    part = out / "checkpoints" / "one.npz"
    content = part.read_bytes()
    part.write_bytes({"cut": content[:-40], "empty": b"", "other": b"no archive" * 9}[damage])
    (out / "summary.json").unlink()
    mine.with_name("made.txt").unlink()
    again = recipes.train(str(mine), settings, out, resume=True)
    assert made(mine) == ["one"]
    assert again["mean"] == first["mean"]
    assert part.read_bytes() == content


def test_what_it_cannot_do_is_one_line(axonal: Axonal, mine: Path) -> None:
    settings, out = recipes.find(str(mine)).Settings(), mine.with_name("run")
    # also where there is a GPU
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: True)
        with pytest.raises(recipes.RecipeError, match=r"runs on the CPU: write --device cpu or"):
            recipes.train(str(mine), settings, out, device="cuda")
    assert not out.exists()
    recipes.train(str(mine), settings, out)
    with pytest.raises(recipes.RecipeError, match="holds no network: mine learns by itself"):
        recipes.load_run(out)
    for words in (("export", out), ("stream", out)):
        refused = axonal(*words)
        assert refused.returncode == 2, words
        assert len(refused.stderr.splitlines()) == 1, refused.stderr
    mine.write_text(MINE.replace("raise KeyboardInterrupt", "raise MemoryError('too large')"))
    mine.with_name("stop-one").touch()
    refused = axonal("train", mine, "--out", mine.with_name("large"))
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].endswith("too large"), refused.stderr
    compared = 'COMPARISON = recipes.Comparison({}, (), (), "size")\n'
    mine.write_text(MINE + compared)
    refused = axonal("train", mine)
    assert refused.returncode == 2
    assert "has COMPARISON and learn: only networks are compared so" in refused.stderr
    mine.write_text(MINE.replace("recipes.BaseSettings", "object"))
    assert "lacks a dataclass Settings(recipes.BaseSettings)." in axonal("train", mine).stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("return {'x': [settings]}", "the part 'one' expects arrays of numbers, got object as 'x'"),
        ("return {'file': np.ones(2)}", "the part 'one' expects a dictionary of named arrays"),
        ("return np.ones(2)", "the part 'one' expects a dictionary of named arrays, got array"),
    ],
)
def test_a_part_that_no_file_can_hold_is_one_line(line: str, said: str, mine: Path) -> None:
    mine.write_text(MINE.replace("report(1.0)", line))
    with pytest.raises(recipes.RecipeError, match=said):
        recipes.train(str(mine), recipes.find(str(mine)).Settings(), mine.with_name("run"))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ('"test_accuracy": 95.9', "'test_accuracy' expects a share from 0 to 1, got 95.9"),
        ('"found": float("nan")', "'found' expects finite numbers, texts, lists .*, got nan"),
        ('"found": settings', "'found' expects finite numbers, .*, got Settings"),
    ],
)
def test_a_result_that_no_summary_can_hold_is_one_line(result: str, said: str, mine: Path) -> None:
    mine.write_text(MINE.replace('"mean": float(x.mean())', result))
    with pytest.raises(recipes.RecipeError, match=said):
        recipes.train(str(mine), recipes.find(str(mine)).Settings(), mine.with_name("run"))


def test_numbers_of_numpy_are_results_as_any(mine: Path) -> None:
    numpy = '"test_accuracy": np.float32(0.5), "counts": np.arange(2), "mean": x.mean()'
    mine.write_text(MINE.replace('"mean": float(x.mean())', numpy))
    settings, out = recipes.find(str(mine)).Settings(), mine.with_name("run")
    summary = recipes.train(str(mine), settings, out)
    assert (summary["test_accuracy"], summary["counts"]) == (0.5, [0, 1])
    kept = recipes.train(str(mine), settings, out, resume=True)
    assert kept["counts"] == [0, 1]


def test_no_graph_comes_from_one() -> None:
    info = {"recipe": "chaos", "settings": recipes.find("chaos").Settings().to_json()}
    graph = dataclasses.replace(deploy.example(), info=info)
    with pytest.raises(recipes.RecipeError, match="does not say which recipe it comes from"):
        recipes.graph_accuracy(graph)


def test_force_leaves_nothing_of_the_run_before(mine: Path) -> None:
    settings, out = recipes.find(str(mine)).Settings(), mine.with_name("run")
    recipes.train(str(mine), settings, out)
    own = out / "figures" / "of a reader.png"
    own.write_bytes(b"kept")
    mine.write_text(MINE.replace("mean.png", "other.png").replace('"three"', '"seven"'))
    other = recipes.find(str(mine)).Settings()
    recipes.train(str(mine), other, out, force=True)
    assert {path.name for path in (out / "figures").iterdir()} == {"other.png", own.name}
    parts = {path.name for path in (out / "checkpoints").iterdir()}
    assert parts == {"one.npz", "seven.npz"}


def test_a_setting_of_a_liquid_out_of_range_is_one_line(axonal: Axonal) -> None:
    for words, said in (
        (("--neurons", "999"), "neurons takes the cube of a whole number, got 999"),
        (("--arm", "tuned"), "arm takes one of astrocyte, stdp, static, pixels, relu, got 'tuned'"),
        (("--weight", "4"), "weight takes a number above 0, to 3, got 4"),
    ):
        refused = axonal("train", "nalsm-mnist", *words)
        assert refused.returncode == 2
        assert said in refused.stderr


TINY = {
    "neurons": 27, "initial": 20, "initial_steps": 5, "steps": 15, "passes": 2, "training": 200,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.needs("data")
@pytest.mark.parametrize("arm", ["astrocyte", "static", "relu"])
def test_a_liquid_is_trained_and_resumed_on_digits(arm: str, tmp_path: Path) -> None:
    recipe = recipes.find("nalsm-mnist")
    settings = recipe.Settings(arm=arm, **TINY)
    run = tmp_path / "run"
    first = recipes.train("nalsm-mnist", settings, run)
    assert 0 <= first["test_accuracy"] <= 1
    assert first["samples"] == {"train": 200, "validation": 10_000, "test": 10_000}
    figures = {path.name for path in (run / "figures").iterdir()}
    assert figures == (set() if arm == "relu" else {"liquid.png"})
    if arm == "relu":
        return
    (run / "summary.json").unlink()
    (run / "checkpoints" / "validation.npz").unlink()
    again = recipes.train("nalsm-mnist", settings, run, resume=True)
    assert again["ridge_test_accuracy"] == first["ridge_test_accuracy"]
    assert np.isclose(again["test_accuracy"], first["test_accuracy"])
