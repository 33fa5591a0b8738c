"""The experiments: statistics by hand, runs made once, reports that do not boast."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import SRC
from helpers.rows import made

from axonal._base.statistics import Difference, half_width, order, paired
from axonal._base.sweeps import Row, Store, fill
from axonal.recipes import coincidence
from axonal.recipes._runs import Run
from experiments import _coincidence_figure, _quantized_run, digits, quantization, rounding
from experiments import coincidence as experiment

SMALL = {"samples": 64, "epochs": 2, "hidden": 2}


def small(seed: int) -> Run:
    return Run("coincidence", {"seed": seed, **SMALL})


# --- statistics ---


def test_the_interval_of_paired_differences_is_the_one_computed_by_hand() -> None:
    # differences 1, 2, 3, 4, 5: mean 3, s = sqrt(2.5), t(0.975, 4) = 2.776445
    found = paired([2.0, 4.0, 6.0, 8.0, 10.0], [1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.mean == 3.0
    assert found.half == pytest.approx(2.776445 * 2.5**0.5 / 5**0.5, rel=1e-6)
    assert half_width([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(found.half)


def test_pairing_removes_what_both_arms_share() -> None:
    assert paired([0.9, 0.5, 0.7], [0.8, 0.4, 0.6]).half < 1e-12


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0]), ([1.0, 2.0], [1.0, 2.0, 3.0])])
def test_arms_that_cannot_be_paired_are_refused(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match="the same seeds, at least two"):
        paired(a, b)


@pytest.mark.parametrize(
    ("learned_fixed", "fixed_none", "words"),
    [
        ((0.1, 0.05), (0.2, 0.05), "learned > fixed > none"),
        ((0.05, 0.05), (0.2, 0.05), "learned and fixed do not separate; fixed > none"),
        ((-0.1, 0.05), (0.0, 0.0), "fixed > learned; fixed and none do not separate"),
        ((0.1, 0.05), (-0.2, 0.1), "learned > fixed; none > fixed"),
    ],
)
def test_an_order_holds_only_beyond_its_interval(
    learned_fixed: tuple[float, float], fixed_none: tuple[float, float], words: str
) -> None:
    assert (
        order(("learned", "fixed", "none"), (Difference(*learned_fixed), Difference(*fixed_none)))
        == words
    )


# --- runs ---


def test_a_run_measures_the_same_network_with_and_without_rounding() -> None:
    frozen = small(0).make("abc")
    assert frozen["test"] == frozen["test_with_training_kernel"]
    assert frozen["changed_by_rounding"] == 0
    wide = {**SMALL, "seed": 0, "freeze_from": 1.0, "final_sigma": 8.0}
    unfrozen = Run("coincidence", wide).make("abc")
    assert unfrozen["changed_by_rounding"] > 0
    assert {key: type(value) for key, value in frozen.items()} == {
        key: type(value) for key, value in made(small(0)).items()
    }


def test_a_run_is_the_same_every_time_but_for_the_clock() -> None:
    first, second = small(1).make(None), small(1).make(None)
    clocks = {"seconds": 0, "cpu_seconds": 0}
    assert {**first, **clocks} == {**second, **clocks}


def test_runs_share_a_key_only_if_all_settings_are_equal() -> None:
    default = coincidence.Settings()
    assert Run("coincidence", {"classes": default.classes}).key == Run("coincidence").key
    assert Run("coincidence", {"seed": 1}).key != Run("coincidence").key
    assert Run("digits").key != Run("coincidence").key


@pytest.mark.slow
def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    fill(Store(path), [small(0)], processes=1, commit="first")
    before = path.read_text()
    store = Store(path)
    fill(store, [small(0), small(1), small(1)], processes=2, commit="second")
    assert path.read_text().startswith(before)
    assert len(path.read_text().splitlines()) == 2
    assert store.find(small(0))["commit"] == "first"
    assert store.find(small(1))["commit"] == "second"


def test_a_line_torn_by_a_crash_costs_its_own_run_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    store = Store(path)
    for seed in range(3):
        store.add(made(small(seed)))
    path.write_bytes(path.read_bytes()[:-40])
    again = Store(path)
    assert again.missing(map(small, range(3))) == [small(2)]
    again.add(made(small(2)))
    again.add(made(small(3)))
    assert Store(path).missing(map(small, range(4))) == []


def test_a_failing_run_is_not_hidden(tmp_path: Path) -> None:
    broken = Run("coincidence", {**SMALL, "seed": 0, "learning_rate": "fast"})
    with pytest.raises(TypeError):
        fill(Store(tmp_path / "runs.jsonl"), [broken], processes=1, commit=None)


# --- reports ---


def filled(path: Path, runs: list[Run], **values: Any) -> Store:
    store = Store(path)
    for run in runs:
        store.add(made(run, **values))
    return store


def test_a_report_says_where_the_arms_do_not_separate(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs.jsonl")
    step = {"learned": 0.2, "fixed": 0.1, "none": 0.0}
    for run in experiment.plan():
        easy = run.changes["classes"] == 2
        noise = 0.01 * ((run.changes["seed"] * 2 + len(run.changes["arm"])) % 3)
        value = 0.5 + noise + (0.0 if easy else step[run.changes["arm"]])
        store.add(made(run, test=value))
    written = experiment.write(store, tmp_path)
    assert [path.name for path in written] == [
        "coincidence.md",
        "coincidence.json",
        "coincidence.png",
    ]
    text = written[0].read_text()
    assert "- learned > fixed > none: at 8 of 12 points (4/4, 4/8, 4/16, 4/64, 8/4" in text
    assert "do not separate: at 4 of 12 points (2/4, 2/8, 2/16, 2/64)" in text
    numbers = json.loads(written[1].read_text())
    assert len(numbers["points"]) == len(list(experiment.points()))
    assert all(("do not" in p["verdict"]) == (p["classes"] == 2) for p in numbers["points"])


def test_no_point_of_the_plan_gives_learned_delays_more_trained_parameters() -> None:
    from axonal.recipes._train import count_trained

    for point in experiment.points():
        trained = {
            arm: count_trained(coincidence.build(point.runs(arm)[0].settings))
            for arm in coincidence.ARMS
        }
        assert trained["learned"] <= trained["fixed"] == trained["none"]


@pytest.mark.parametrize(
    ("values", "said"),
    [((0.97, 0.96), "This is what was wanted."), ((0.99, 0.93), "less than what was wanted")],
)
def test_the_digits_report_compares_with_what_was_wanted(
    values: tuple[float, float], said: str, tmp_path: Path
) -> None:
    store = Store(tmp_path / "runs.jsonl")
    for run in digits.plan():
        store.add(made(run, test=values[1] if run.changes["seed"] == 3 else values[0]))
    assert said in digits.write(store, tmp_path)[0].read_text()


def test_the_rounding_report_tells_a_loss_with_frozen_delays(tmp_path: Path) -> None:
    good = filled(tmp_path / "good", rounding.plan())
    assert "nothing is lost" in rounding.write(good, tmp_path)[0].read_text()
    bad = filled(tmp_path / "bad", rounding.plan(), changed_by_rounding=0.001)
    assert "**something is lost" in rounding.write(bad, tmp_path)[0].read_text()


def test_reports_name_command_seeds_commit_machine_and_date(tmp_path: Path) -> None:
    store = filled(tmp_path / "runs.jsonl", digits.plan())
    text = digits.write(store, tmp_path)[0].read_text()
    assert "`python -m experiments digits`" in text
    for words in ("Seeds: 0, 1, 2, 3, 4; 5", "Commit: abc", "a processor, 2 cores", "2026-01-02"):
        assert words in text


def test_the_figure_names_its_axes(tmp_path: Path) -> None:
    store = filled(tmp_path / "runs.jsonl", experiment.plan())
    compared = [experiment.compare(store, point) for point in experiment.points()]
    figure = _coincidence_figure.draw(compared)
    labels = {ax.get_xlabel() for ax in figure.axes} | {ax.get_ylabel() for ax in figure.axes}
    assert "hidden neurons (learned arm)" in labels
    assert "test accuracy (share of samples)" in labels


@pytest.mark.slow
def test_the_command_writes_reports_from_what_is_there(tmp_path: Path) -> None:
    filled(tmp_path / "runs.jsonl", digits.plan())
    command = [sys.executable, "-m", "experiments", "digits", "--out", tmp_path]
    source = SRC
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(source)}
    )
    assert done.stdout.split() == [
        "wrote",
        str(tmp_path / "digits.md"),
        "wrote",
        str(tmp_path / "digits.json"),
    ]


# --- quantisation ---


def quantised(seed: int, loss: float) -> Row:
    """A row as `Quantized.make` makes it, where every quantised network loses the same."""
    layer = {"projection": "x -> hidden", "synapses": 100, "exponent": 3, "error": 0.01}
    cell = {"population": "hidden", "decay_error": 1e-5, "difference": 5}
    report = {
        "overflows": 0,
        "cells": {"hidden": 1000},
        "populations": [cell],
        "projections": [{**layer, "saturated": 2, "rounded to zero": 1}],
    }
    arms = quantization.ARMS
    row = made(Run("digits", {"seed": seed}))
    return {
        **row,
        "key": _quantized_run.Quantized(seed).key,
        "test": {"float": 0.96 + seed / 1000, **dict.fromkeys(arms, 0.96 + seed / 1000 - loss)},
        "reports": dict.fromkeys(arms, report),
    }


@pytest.mark.parametrize(
    ("loss", "words"),
    [(0.0, "This is what was wanted."), (0.02, "**This is less than what was wanted.**")],
)
def test_the_quantisation_report_tells_what_is_lost(
    loss: float, words: str, tmp_path: Path
) -> None:
    store = Store(tmp_path / "runs.jsonl")
    for seed in range(5):
        store.add(quantised(seed, loss))
    text, data = (path.read_text() for path in quantization.write(store, tmp_path))
    assert words in text
    assert f"on Loihi 2 {0.0 - 100 * loss:+.2f} ± 0.00 points after calibration" in text
    assert "| Loihi 2, calibrated | x -> hidden | 3 | 2.00% | 1.00% | 0.01 ± 0 |" in text
    assert json.loads(data)["layers"]["loihi2 calibrated"]["hidden"]["difference"] == [0.005] * 5


def test_quantised_runs_share_a_key_only_with_their_seed() -> None:
    assert _quantized_run.Quantized(0).key == _quantized_run.Quantized(0).key
    assert _quantized_run.Quantized(0).key != _quantized_run.Quantized(1).key
