"""The page of continual learning says what rows say, and what was asked for is looked at."""

from typing import Any

import pytest

from axonal._base.sweeps import Store
from experiments import _report, continual, continual_delays, continual_split

ACCURACY = {"sequential": 0.7, "hlop": 0.9, "hlop-quantised": 0.895, "gpm": 0.91, "joint": 0.93}


def row(job: Any) -> dict[str, Any]:
    """A row without any training."""
    name, changes = job.label
    accuracy = ACCURACY.get(changes["arm"], 0.8) + 0.001 * changes["seed"]
    found = {
        "test_accuracy": accuracy,
        "validation_accuracy": accuracy,
        "matrix": [[0.9] * 5] * (1 if changes["arm"] == "joint" else 5),
        "residuals": [[[0.2, 0.1]] * 3] * 5,
        "rounded": 0.5,
        "delays_moved": 1.5,
    }
    if changes["arm"] != "joint":
        found |= {
            "backward_transfer": accuracy - 0.91,
            "forward_transfer": 0.0,
            "by_delays_alone": -0.01,
            "by_weights_alone": -0.02,
        }
    made = {"seconds": 6.0, "date": "2026-01-02", "machine": "a", "torch": "2.13", "commit": "abc"}
    return {"key": job.key, "recipe": name, "changes": dict(changes), **found, **made}


@pytest.mark.parametrize("module", [continual, continual_delays, continual_split])
def test_every_job_is_planned_once(module: Any) -> None:
    plan = module.plan()
    assert len({job.key for job in plan}) == len(plan)


def test_every_arm_is_planned() -> None:
    assert set(continual.ARMS) == {job.arm for job in continual.pmnist_jobs()}


def test_the_page_says_what_the_rows_say(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_report, "save", lambda figure, path: path)
    store = Store(tmp_path / "runs.jsonl")
    for job in continual.plan():
        store.add(row(job))
    text = continual.write(store, tmp_path)[0].read_text()
    assert "| hlop | 90.1 ± 0.1 | -0.9 ± 0.1 | 0.0 ± 0.0 | 6 |" in text
    assert "sequential learning forgets, BWT <= -10: -20.90, holds" in text
    assert "HLOP does not, BWT >= -2: -0.90, holds" in text
    assert "HLOP is within 3.5 points of joint learning: 3.00, holds" in text
    assert "hlop less gpm: -1.000 [-1.000, -1.000]" in text
    assert "| 1 | 0.200 / 0.100 | 0.200 / 0.100 | 0.200 / 0.100 |" in text


@pytest.mark.parametrize(
    ("module", "line"),
    [
        (continual_delays, "| joint | 93.1 ± 0.1 |  |  |  | 50.0 ± 0.0 | 1.50 |"),
        (continual_split, "| gpm | 91.1 ± 0.1 | 0.1 ± 0.1 | 91.1 ± 0.1 | 0.1 ± 0.1 |"),
    ],
)
def test_further_pages_say_what_the_rows_say(tmp_path: Any, module: Any, line: str) -> None:
    store = Store(tmp_path / "runs.jsonl")
    for job in module.plan():
        store.add(row(job))
    assert line in module.write(store, tmp_path)[0].read_text()
