"""The page of chaotic series: every system once, what rows say, and the peer under one protocol."""

import json
from pathlib import Path
from typing import Any

import pytest

from axonal._base.sweeps import Store
from axonal.reservoirs.forecasting import Task
from axonal.reservoirs.series import SYSTEMS
from experiments import _chaos_jobs, chaos


def row(job: _chaos_jobs.Forecasts, valid: dict[str, float]) -> dict[str, Any]:
    """A row without any forecast."""
    label, changes = job.label
    arms = (_chaos_jobs.PEER,) if job.who == _chaos_jobs.PEER else _chaos_jobs.OURS
    found = {
        "chosen": "ridge 1",
        "validation": 1.0,
        "smape_dysts": 10.0,
        "smape_neurobench": 20.0,
        "diverged": 0,
        "choice_seconds": 1.0,
        "train_seconds": 0.1,
    }
    made = {"seconds": 1.0, "date": "2026-01-02", "machine": "a", "torch": "2.13", "commit": "abc"}
    each = {arm: {**found, "valid": valid[arm]} for arm in arms}
    return {"key": job.key, "recipe": label, "changes": dict(changes), "arms": each, **made}


def test_the_plan_holds_every_system_and_seed_once_for_us_and_for_the_peer() -> None:
    plan = chaos.plan()
    assert len({job.key for job in plan}) == len(plan)
    assert {job.task.system for job in plan} == {*SYSTEMS, "mackey-glass"} - {chaos.SLOW}
    glass = chaos.glass(0)
    assert (glass.learnt, glass.starts("test"), glass.rows(glass.horizon)) == (750, [750], 750)


def test_the_page_says_what_the_rows_say(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs.jsonl")
    valid = dict(zip(chaos.ARMS, (5.0, 4.0, 6.0, 0.1, 0.0), strict=True))
    for job in chaos.plan():
        store.add(row(job, valid))
    page, data = chaos.write(store, tmp_path)
    text = page.read_text()
    assert "| EchoState | 5.00 | 10.00 | 20.00 | 0 | 0.100 | 1.00 |" in text
    assert "EchoState less reservoirpy: +1.000 [+1.000, +1.000]" in text
    assert f"NextGeneration {len(chaos.FLOWS)}." in text
    assert "LSTM 13.37, ESN 14.79" in text and "generated" in text
    assert json.loads(data.read_text())["flows"]["lorenz"]["EchoState"] == [5.0] * 3


@pytest.mark.needs("peers")
def test_the_peer_answers_under_the_same_protocol() -> None:
    task = Task("lorenz", train=300, validation=1, test=1, horizon=1.0, validation_horizon=1.0)
    found = _chaos_jobs.PeerForecasts(task).measure()["arms"]["reservoirpy"]
    assert found["valid"] > 0.5
    assert {"chosen", "smape_dysts", "train_seconds", "diverged"} <= set(found)
