"""Pages of local rules and of gradients, from rows that nobody measured."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from axonal._base.sweeps import Row, Store
from axonal.recipes._runs import Job
from experiments import _gradient_angles_jobs as jobs
from experiments import gradient_angles, local_rules

SIZES = [1000, 2000, 3000, 3000, 3000, 3000]


def row(job: Job, **values: Any) -> Row:
    name, changes = job.label
    return {
        "key": job.key, "recipe": name, "changes": dict(changes), **values, "seconds": 60.0,
        "date": "2026-01-02", "machine": "a processor, 2 cores", "torch": "2.13", "commit": "abc",
    }  # fmt: skip


def measured(job: Job, ottt: list[int]) -> Row:
    if isinstance(job, local_rules.Kept):
        grows = [1000 * k for k in local_rules.STEPS]
        return row(job, kept={arm: ottt if arm == "ottt" else grows for arm in local_rules.WATCHED})
    if isinstance(job, local_rules.Memory):
        return row(job, peak=5_000_000, said=2_000_000, kept={"activity": 1_000_000, "own": 0})
    found = {"test_accuracy": 0.9, "validation_accuracy": 0.91, "training_seconds": 4.0}
    return row(job, **found)


@pytest.mark.parametrize(
    ("ottt", "said"),
    [(SIZES, "does not grow with the steps"), ([*SIZES[:5], 9000], "**What OTTT keeps grew")],
)
def test_the_page_tells_whether_memory_is_flat(ottt: list[int], said: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "runs.jsonl")
    for job in local_rules.plan():
        store.add(measured(job, ottt))
    page, _, _ = local_rules.write(store, tmp_path)
    assert said in page.read_text()
    assert "| DSR, 20 steps | 90.00 ± 0.00 | 91.00 ± 0.00 | 4.0 (1.00) | 1.00 | 2.00 | 5.0 |" in (
        page.read_text()
    )


def test_every_rule_of_the_recipe_is_compared() -> None:
    settings = [local_rules.Trained(arm, 0).changes["rule"] for arm in local_rules.ARMS]
    assert set(settings) == set(local_rules.local_mnist.RULES)
    grouped = [arm for arms in local_rules.GROUPS.values() for arm in arms]
    assert sorted(grouped) == sorted(local_rules.ARMS)


def test_angles_are_those_of_vectors() -> None:
    one = torch.tensor([1.0, 0.0])
    assert jobs.angle(one, torch.tensor([1.0, math.sqrt(3)])) == pytest.approx(60)
    assert jobs.angle(one, -one) == pytest.approx(180)
    assert jobs.angle(one, torch.zeros(2)) is None


def test_the_page_of_angles_tells_all_pairs(tmp_path: Path) -> None:
    pairs = [f"{a}, {b}" for k, a in enumerate(jobs.WAYS) for b in jobs.WAYS[k + 1 :]]
    epoch = {
        "angles": {pair: {"weights": 30.0, "delays": None} for pair in pairs},
        "rate": 0.1,
        "validation": 0.5,
    }
    few = {"quartiles": [20.0, 40.0, 60.0], "recordings": 64}
    none = {"quartiles": [None] * 3, "recordings": 0}
    each = [{pair: {"weights": few, "delays": none} for pair in pairs}] * 2
    store = Store(tmp_path / "runs.jsonl")
    for job in gradient_angles.plan():
        store.add(row(job, epochs=[epoch] * 3, each=each, test=0.8))
    page, _, figure = gradient_angles.write(store, tmp_path)
    text = page.read_text()
    assert "weights: surrogate to exact 30.0 ± 0.0" in text
    assert "delays: surrogate to exact none" in text
    assert "| surrogate to exact | weights | 20.0 ± 0.0 | 40.0 ± 0.0 | 60.0 ± 0.0 |" in text
    assert figure.exists()


def test_all_ways_give_gradients_of_the_same_parameters() -> None:
    net = jobs.network(0)
    x = (torch.rand(12, 2, jobs.INPUTS) < 0.2).float()
    for way in jobs.WAYS[2:]:
        found = jobs.gradients(net, way, x, torch.tensor([0, 1]))
        sizes = {part: g.numel() for part, g in found.items()}
        wanted = jobs.HIDDEN * (jobs.INPUTS + jobs.HIDDEN)
        assert sizes == {"weights": wanted, "delays": wanted}, way
        assert all(g.isfinite().all() and g.any() for g in found.values()), way
