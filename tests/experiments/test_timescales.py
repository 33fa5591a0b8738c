"""Pages of timescales, two-point cells and local delays, and the small parts behind them."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from axonal._base.sweeps import Store
from axonal.neuro.layers.two_point import TRANSFERS
from experiments import _one_delay, _report, _two_point_jobs, local_delays, timescales, two_point

MADE = {"seconds": 1.0, "date": "2026-01-02", "machine": "a", "torch": "2.13", "commit": "abc"}


def kept(store: Store, job: Any, row: dict[str, Any]) -> None:
    label, changes = job.label
    store.add({"key": job.key, "recipe": label, "changes": dict(changes), **row, **MADE})


def curriculum(solved: int) -> dict[str, Any]:
    return {
        "solved": solved,
        "updates": 300 * solved,
        "test_accuracy": 0.99,
        "heads": {str(n): 0.5 for n in range(2, solved + 1)},
        "tau": {"mean": 1.5},
        "network_tau": {"of_mean_autocorrelation": 0.5},
        "history": [
            {"order": n, "accuracy": 0.9, "seconds": 10.0 * n, "tau": 1.5}
            for n in range(2, solved + 1)
        ],
    }


def test_the_page_of_timescales_says_what_its_rows_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_report, "save", lambda figure, path: path)
    store = Store(tmp_path / "runs.jsonl")
    for job in timescales.plan():
        if isinstance(job, timescales.Trained):
            kept(store, job, curriculum(9 if job.arm == "heads" else 4))
        else:
            numbers = {name: [1.0] for name in ("before", "now", "bias", "readout", "readout_bias")}
            kept(store, job, {"test": 1.0, "delay": job.order - 1.0, "weights": numbers})
    _, page, data = timescales.write(store, tmp_path)
    text = page.read_text()
    assert "solve N = 9, 9, 9, one head at a time N = 4, 4, 4" in text
    assert "After 60 s it was 6, 6, 6 and 4, 4, 4" in text
    assert "10 of 10 networks make no mistake" in text and "| 9 | 55.0 | 50.0 |  |" in text
    assert json.loads(data.read_text())["solved"]["single"] == [4, 4, 4]


def test_the_page_of_two_point_cells_says_what_its_rows_say(tmp_path: Path) -> None:
    store, plan = Store(tmp_path / "runs.jsonl"), two_point.plan()
    for job in plan:
        right = (0.9 if job.arm in TRANSFERS else 0.6) + 0.001 * job.seed
        numbers = {"cells": 32, "trained_parameters": 4522, "active": 0.5}
        accuracies = ("test", "validation", "without_context", "wrong_context")
        kept(store, job, {**dict.fromkeys(accuracies, right), **numbers})
    page, _ = two_point.write(store, tmp_path)
    text = page.read_text()
    assert "**Context helps with every transfer function**" in text
    assert "mod less additive: +0.300 [+0.300, +0.300]" in text


def test_arms_of_two_point_cells_have_as_many_parameters_or_a_few_more() -> None:
    counts = {
        arm: sum(p.numel() for p in _two_point_jobs.Net(arm).parameters())
        for arm in _two_point_jobs.ARMS
    }
    least = counts["mod"]
    assert all(least <= count < 1.03 * least for count in counts.values())
    assert counts["additive"] == counts["shuffled"] == least


def test_the_page_of_local_delays_says_what_its_rows_say(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs.jsonl")
    for job in local_delays.plan():
        right = 0.97 if job.arm == "local" else 0.5
        kept(store, job, {"test": right, "cpu_seconds": 1.0, "delays": [[5.0, 3.0]]})
    page, _ = local_delays.write(store, tmp_path)
    assert "| three factors, weights and delays | 0.970 ± 0.000 |" in page.read_text()


def test_the_local_rule_has_the_gradient_of_backpropagation_on_its_task() -> None:
    made = []
    for rule in (local_delays.by_local_rule, local_delays.by_backpropagation):
        torch.manual_seed(0)
        synapses = local_delays.neuro.DelayedLinear(
            2, local_delays.HIDDEN, 10, kernel="straight-through", sigma=2.0
        )
        torch.nn.init.uniform_(synapses.weight, 0.5, 0.9)
        neurons = local_delays.neuro.LIF(local_delays.HIDDEN, 1.005, decay="euler")
        readout = torch.randn(2, local_delays.HIDDEN, requires_grad=True)
        x, labels = local_delays.draw(torch.Generator().manual_seed(1), 16)
        rule(synapses, neurons, readout, x, labels)
        made.append([synapses.weight.grad, synapses.position.grad, readout.grad])
    for mine, exact in zip(*made, strict=True):
        assert exact.abs().max() > 1e-4
        torch.testing.assert_close(mine, exact, rtol=1e-4, atol=1e-6)


def test_one_delay_and_two_units_can_match_bits_exactly() -> None:
    """Weights set by hand: one unit answers two ones, the other two zeros."""
    job = _one_delay.OneDelay(5, 0)
    layers = _one_delay.Match(10)
    net = _one_delay.neuro.Network(layers).eval()
    with torch.no_grad():
        layers.before.set_delays([[4.0]])
        layers.before.weight.copy_(torch.tensor([[0.6], [-2.0]]))
        layers.now.weight.copy_(torch.tensor([[0.6], [-2.0]]))
        layers.now.bias.copy_(torch.tensor([0.0, 1.5]))
        layers.readout.weight.fill_(1.0)
        layers.readout.bias.fill_(-0.5)
    x, target = job.draw(torch.Generator().manual_seed(0), 50)
    assert torch.equal((job.answers(net, x) > 0).float(), target)
