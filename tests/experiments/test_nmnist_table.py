"""The page of N-MNIST: a plan without gaps, and words that follow the numbers."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.rows import made

from axonal._base.sweeps import Store
from axonal.recipes._runs import Run
from experiments import nmnist as experiment
from experiments._nmnist_logistic import Logistic


def stored(folder: Path, network: list[float], control: float) -> Store:
    """Rows of a plan whose regressions and networks have these accuracies, without training."""
    store = Store(folder / "runs.jsonl")
    for job in experiment.plan():
        values: dict[str, Any] = {"tested": 220, "strength": 0.1, "test": control}
        if isinstance(job, Run):
            fold = job.changes.get("fold")
            values["test"] = control if fold is None else network[fold]
            values["rates"] = {"neurons1": 0.1, "neurons2": 0.1}
            values["cpu_seconds"] = 90.0
            row = made(job, **values)
            del row["test_with_training_kernel"], row["changed_by_rounding"]
        else:
            row = {"key": job.key, **values}
        store.add(row)
    return store


def test_the_plan_holds_every_arm_and_fold_once() -> None:
    plan = experiment.plan()
    assert len({job.key for job in plan}) == len(plan) == 3 * 5 + 3 + 5 + 1
    runs = [job for job in plan if isinstance(job, Run)]
    assert [run.settings.fold for run in runs].count(None) == 3
    assert {job.fold for job in plan if isinstance(job, Logistic)} == {0, 1, 2, 3, 4, None}


@pytest.mark.parametrize(
    ("lead", "verdict", "aim"),
    [(0.05, "This is what was wanted.", "is reached"),
     (0.0, "This is what was wanted.", "is not reached"),
     (-0.05, "**This is less than what was wanted.**", "is not reached")],
)  # fmt: skip
def test_the_words_follow_the_numbers(lead: float, verdict: str, aim: str, tmp_path: Path) -> None:
    network = [0.8 + lead + wiggle for wiggle in (-0.02, -0.01, 0.0, 0.01, 0.02)]
    page, data = experiment.write(stored(tmp_path, network, 0.8), tmp_path)
    text = " ".join(page.read_text().split())
    assert verdict in text
    assert f"What was aimed at {aim}" in text
    assert "The longest fold took 1.5 minutes" in text
    # sqrt(p (1 - p) / 1100) over all folds
    p = 0.8 + lead
    assert f"{p:.3f} ± {(p * (1 - p) / 1100) ** 0.5:.3f} beside 0.800 ± 0.012" in text
    numbers = json.loads(data.read_text())
    assert numbers["above_logistic"]["mean"] == pytest.approx(lead)
