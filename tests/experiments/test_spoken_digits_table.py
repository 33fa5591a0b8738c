"""All arms of the spoken digits: a plan without gaps, reports that do not boast, one command."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.shell import called
from helpers.sound import TINY

from axonal import cli, datasets, recipes
from axonal._base.sweeps import Store
from axonal.recipes import Arm, _compare, spoken_digits
from axonal.recipes._runs import Run
from axonal.recipes._samples import Padded
from experiments import spoken_digits as experiment
from experiments import spoken_digits_attempts

COMPARISON = spoken_digits.COMPARISON


def test_the_plan_holds_every_arm_split_and_seed_once() -> None:
    plan = experiment.plan()
    assert len({run.key for run in plan}) == len(plan) == 2 * 7 * 5
    frozen = {
        name: experiment.runs(arm, "official")[0].settings for name, arm in COMPARISON.arms.items()
    }
    assert {name: s.freeze_epoch for name, s in frozen.items()}["learned"] is None
    assert frozen["frozen"].freeze_epoch == 10
    assert frozen["none, long"].tau == 5
    widths = {name: s.width for name, s in frozen.items()}
    assert {widths[name] for name in ("none", "fixed", "learned", "frozen")} == {48}
    assert {widths[name] for name in ("none, equal", "fixed, equal", "none, long")} == {79}


def test_the_experiment_runs_in_small(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {
        name: Arm(arm.words, {**arm.changes, **TINY, "epochs": 2})
        for name, arm in COMPARISON.arms.items()
    }
    one = {"official": COMPARISON.tables["official"]}
    smaller = replace(COMPARISON, arms=small, seeds=(0, 1), tables=one)
    monkeypatch.setattr(experiment, "COMPARISON", smaller)
    grid = datasets.Grid(0.01, 8)
    few = {
        part: Padded(datasets.Binned(samples.events.select(range(0, len(samples), 20)), grid), 4)
        for part, samples in datasets.fsdd().items()
    }
    monkeypatch.setattr(spoken_digits, "data", lambda settings: few)
    store = Store(tmp_path / "runs.jsonl")
    for run in experiment.plan():
        store.add(run.make("abc"))
    files = experiment.write(store, tmp_path)
    assert [file.suffix for file in files] == [".md", ".json", ".png"]
    text, numbers = (path.read_text() for path in files[:2])
    for arm in small.values():
        assert arm.words in text
    loss = json.loads(numbers)["official"]["differences"]["rounding, frozen"]
    # from the freeze on training runs what is tested
    assert loss == {"mean": 0.0, "half_width_95": 0.0}


def made(run: Run, test: float) -> dict[str, Any]:
    """A row as a training leaves it, without any."""
    return {
        "key": run.key,
        "changes": dict(run.changes),
        "test": test,
        "validation": test,
        "test_with_training_kernel": test + 0.04 * ("freeze_from" in run.changes),
        "trained_parameters": 100,
        "rates": {"hidden1": 0.1, "hidden2": 0.2},
        "seconds": 60.0,
        "date": "2026-01-02",
        "machine": "a processor, 2 cores",
        "torch": "2.13",
        "commit": "abc",
    }


def reported(tmp_path: Path, reached: dict[str, float]) -> str:
    store = Store(tmp_path / "runs.jsonl")
    for split in COMPARISON.tables:
        for name, arm in COMPARISON.arms.items():
            for run in experiment.runs(arm, split):
                noise = 0.001 * ((run.changes["seed"] * 2 + len(name)) % 3)
                store.add(made(run, reached[name] + noise))
    return experiment.write(store, tmp_path)[0].read_text()


FACTS = {
    "none": 0.83,
    "fixed": 0.89,
    "learned": 0.94,
    "frozen": 0.95,
    "none, equal": 0.87,
    "fixed, equal": 0.964,
    "none, long": 0.968,
}


def test_the_report_claims_an_order_at_equal_width_only_where_it_holds(tmp_path: Path) -> None:
    text = reported(tmp_path, FACTS)
    assert "- at equal width: learned > fixed > none" in text
    assert "- at equal numbers of trained parameters: fixed > learned; fixed > none" in text
    assert "learned delays are below it" in text
    assert "| learned, rounded at the end | 0.981 ± 0.001 | 0.941 ± 0.001 | +0.040" in text


def test_the_report_claims_nothing_where_arms_do_not_separate(tmp_path: Path) -> None:
    text = reported(tmp_path, dict.fromkeys(FACTS, 0.9))
    assert "- at equal width: learned and fixed do not separate; fixed and none do not" in text
    assert "learned delays are not apart from it" in text


def attempted(tmp_path: Path, **reached: float) -> str:
    """The report of attempts of which all reach 0.9 but those that are named."""
    store = Store(tmp_path / "attempts.jsonl")
    arms = spoken_digits_attempts.lines()
    for arm in spoken_digits_attempts.CODE.values():
        for run in spoken_digits_attempts.runs(arm):
            store.add(made(run, 0.8))
    for name, arm in arms.items():
        for run in spoken_digits_attempts.runs(arm):
            store.add(made(run, reached.get(name, 0.9)))
    return spoken_digits_attempts.write(store, tmp_path)[0].read_text()


def test_attempts_are_judged_on_validation_data_and_beside_controls(tmp_path: Path) -> None:
    text = attempted(tmp_path, through=0.95, narrow=0.85, **{"long, longer": 0.97})
    assert "straight-through until the freeze: helped on validation data, +0.050" in text
    assert "narrowed to 0.28 steps until the freeze: hurt on validation data, -0.050" in text
    assert "learned, rounded and frozen for the last third, 30 epochs: not told apart" in text
    assert "Rounding at the end costs +0.040 (learned, rounded at the end) and" in text
    assert "Best on validation data: **learned, straight-through until the freeze**" in text
    assert "- above fixed random delays of equal parameters" in text
    assert "- below a membrane of 5 steps without delays" in text
    assert "| learned, rounded at the end | 0.940" in text


def test_attempts_and_arms_share_the_runs_that_are_the_same(tmp_path: Path) -> None:
    arms, attempts = (
        {run.key for run in part.plan()} for part in (experiment, spoken_digits_attempts)
    )
    seeds = len(spoken_digits_attempts.SEEDS)
    assert len(arms & attempts) == 4 * seeds
    assert len(attempts) == 15 * seeds


# --- all arms in one command ---


@pytest.fixture
def trained(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """What was trained, by a pool that takes no time."""
    done: list[Run] = []

    def fill(store: Store, runs: list[Run], **_: Any) -> None:
        for run in store.missing(runs):
            done.append(run)
            store.add(made(run, 0.9))

    monkeypatch.setattr(_compare, "fill", fill)
    return done


@pytest.mark.slow
def test_without_an_arm_the_command_prints_all_of_them(
    trained: list[Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "spoken-digits", "--out", str(tmp_path / "run")]
    cli.app(words, standalone_mode=False)
    shown = capsys.readouterr().out
    for part in (
        *(arm.words for arm in COMPARISON.arms.values()),
        *(f"## {split.capitalize()}" for split in COMPARISON.tables.values()),
        "- at equal numbers of trained parameters: learned and fixed do not separate",
        "## What may be claimed",
        "cost of rounding",
    ):
        assert part in shown
    assert len(trained) == 70
    cli.app([*words, "--json"], standalone_mode=False)
    answer = json.loads(capsys.readouterr().out)
    assert (len(trained), answer["networks"]) == (70, 70)
    assert {Path(file).suffix for file in answer["files"]} == {".md", ".json", ".png"}
    cli.app([*words, "--force"], standalone_mode=False)
    assert len(trained) == 140


def test_a_split_alone_and_fewer_epochs_are_another_table(
    trained: list[Run], tmp_path: Path
) -> None:
    answer = recipes.compare("spoken-digits", tmp_path, split="speaker", epochs=2)
    assert {(run.changes["split"], run.settings.epochs) for run in trained} == {("speaker", 2)}
    assert len(trained) == answer["networks"] == 35
    assert "Epochs of training: 2." in answer["table"]
    assert "Official split" not in answer["table"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seed", "3"], "--seed is for one network.* write --arm learned --seed"),
        (["--tau", "5"], "--tau is for one network"),
        (["--device", "cpu"], "--device is for one network"),
        (["--split", "test"], "the setting split takes one of official, speaker"),
        (["--epochs", "0"], "the setting epochs takes"),
        (["--arm", "all"], "the setting arm takes one of learned, fixed, none"),
    ],
)
def test_words_that_no_table_can_have_are_refused(
    words: list[str], told: str, trained: list[Run], tmp_path: Path
) -> None:
    with pytest.raises(cli.UserError, match=told):
        cli.app(["train", "spoken-digits", "--out", str(tmp_path), *words], standalone_mode=False)
    assert trained == []


def test_a_setting_of_another_recipe_is_no_option(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, trained: list[Run]
) -> None:
    words = ("train", "spoken-digits", "--arm", "none", "--reset", "zero")
    refused = called(capsys, monkeypatch, *words)
    assert (refused.returncode, trained) == (2, [])
    assert refused.stderr.startswith("axonal: No such option: --reset")


def test_without_recordings_no_process_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AXONAL_DATA", raising=False)
    monkeypatch.setattr(_compare, "fill", None)
    with pytest.raises(recipes.RecipeError, match="set AXONAL_DATA"):
        recipes.compare("spoken-digits", tmp_path)


def test_a_stopped_table_says_how_it_goes_on(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_compare, "fill", stopped)
    with pytest.raises(cli.Stopped, match="same command goes on with the networks"):
        cli.app(["train", "spoken-digits", "--out", str(tmp_path)], standalone_mode=False)
