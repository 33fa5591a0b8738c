"""The page of sequential MNIST: every order and seed once, and the budget beside the numbers."""

import json
from pathlib import Path

from helpers.rows import made

from axonal._base.sweeps import Store
from experiments import smnist as experiment


def test_the_plan_holds_both_orders_with_every_seed() -> None:
    plan = experiment.plan()
    assert len({run.key for run in plan}) == len(plan) == 2 * len(experiment.SEEDS)
    assert all(run.settings.samples == 2000 for run in plan)


def test_the_page_says_what_the_rows_say(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs.jsonl")
    for run in experiment.plan():
        test = 0.2 if run.settings.permuted else 0.4
        store.add(made(run, test=test, tested=1000))
    page, data = experiment.write(store, tmp_path)
    text = page.read_text()
    assert "| row by row | 100 | 0.400 ± 0.000 | 0.015 |" in " ".join(text.split())
    assert "0.200 ± 0.000" in text
    assert "no result on the task" in text
    assert json.loads(data.read_text())["budget"]["samples"] == 2000
