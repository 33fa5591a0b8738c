"""Forecasts of chaotic series by echo state networks, their cheap control, and a peer."""

import statistics
from pathlib import Path
from typing import Any

from axonal._base.statistics import paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.reservoirs.forecasting import Task
from axonal.reservoirs.series import SYSTEMS
from experiments import _report
from experiments._chaos_jobs import PEER, UNITS, Forecasts, PeerForecasts

PART = "chaos"
SEEDS, GLASS_SEEDS = (1, 2, 3), tuple(range(10))
ARMS = ("EchoState", PEER, "NextGeneration", "persistence", "mean")
MODELS = ARMS[:3]
SLOW = "hindmarsh-rose"
"""A neuron that bursts: its series, many spikes per Lyapunov time, takes as long as all others."""
FLOWS = tuple(name for name in SYSTEMS if name != SLOW)
BOARD = {"LSTM": 13.37, "ESN": 14.79}
"""NeuroBench's leaderboard of the Mackey-Glass task, sMAPE."""


def flow(system: str, seed: int) -> Task:
    """The task of a flow."""
    return Task(system, seed)


def glass(seed: int) -> Task:
    """NeuroBench's task: 10 Lyapunov times of 75 rows to learn from, then 10 to forecast in one.

    The last third of what is learnt from chooses among settings, from one forecast.
    """
    return Task(
        "mackey-glass",
        seed,
        rate=75,
        train=500,
        validation=1,
        test=1,
        validation_horizon=250 / 75,
        history=750,
        scored=10.0,
        raw=True,
    )


def plan() -> list[Forecasts]:
    """All flows and the delay equation, by our models and by the peer."""
    tasks = [flow(system, seed) for system in FLOWS for seed in SEEDS]
    tasks += [glass(seed) for seed in GLASS_SEEDS]
    return [kind(task) for task in tasks for kind in (Forecasts, PeerForecasts)]


def arms(store: Store, task: Task) -> dict[str, Row]:
    """The findings of every arm on a task."""
    return {
        **store.find(Forecasts(task))["arms"],
        **store.find(PeerForecasts(task))["arms"],
    }


def write(store: Store, out: Path) -> list[Path]:
    """Write chaos.md and chaos.json."""
    flows = {s: [arms(store, flow(s, seed)) for seed in SEEDS] for s in FLOWS}
    delayed = [arms(store, glass(seed)) for seed in GLASS_SEEDS]
    rows = [store.find(job) for job in plan()]
    means = {arm: [_mean(found, arm, "valid") for found in flows.values()] for arm in ARMS}
    apart = {other: paired(means["EchoState"], means[other]) for other in MODELS[1:]}
    shape = flow(FLOWS[0], 0)
    page = _report.page(
        "chaos",
        PART,
        rows,
        "series of a system and a seed, of our models or of the peer",
        chosen=False,
        task=shape,
        units=UNITS,
        flows=len(FLOWS),
        seeds=len(SEEDS),
        medians=markdown_table(
            [
                "forecast by",
                "valid (Lyapunov times)",
                "sMAPE dysts (0 to 100)",
                "sMAPE NeuroBench (0 to 200)",
                "diverged",
                "training (s)",
                "choice (s)",
            ],
            [_medians(flows, arm) for arm in ARMS],
        ),
        differences={f"EchoState less {other}": str(d) for other, d in apart.items()},
        beside={other: _report.beside(d) for other, d in apart.items()},
        first={arm: _firsts(means, arm) for arm in MODELS},
        systems=markdown_table(
            ["system", "exponent", *(f"{arm}, valid" for arm in ARMS[:4])],
            [
                [s, f"{SYSTEMS[s].exponent:g}", *(spread(_each(found, a)) for a in ARMS[:4])]
                for s, found in flows.items()
            ],
        ),
        glass_seeds=len(GLASS_SEEDS),
        glass=markdown_table(
            ["forecast by", "sMAPE (0 to 200), median", "mean", "least", "largest", "valid"],
            [_glass(delayed, arm) for arm in ARMS],
        ),
        board=BOARD,
    )
    numbers = {
        "flows": {s: {a: _each(found, a) for a in ARMS} for s, found in flows.items()},
        "mackey-glass": {a: _each(delayed, a, "smape_neurobench") for a in ARMS},
        "training_seconds": {
            a: [_mean(found, a, "train_seconds") for found in flows.values()] for a in ARMS
        },
    }
    return [
        _report.write_text(out / "chaos.md", page),
        _report.write_data(out / "chaos.json", numbers),
    ]


def _each(found: list[dict[str, Row]], arm: str, name: str = "valid") -> list[float]:
    return [row[arm][name] for row in found]


def _mean(found: list[dict[str, Row]], arm: str, name: str) -> float:
    return statistics.fmean(_each(found, arm, name))


def _medians(flows: dict[str, list[dict[str, Row]]], arm: str) -> list[Any]:
    def middle(name: str) -> float:
        return statistics.median(_mean(found, arm, name) for found in flows.values())

    diverged = sum(row[arm]["diverged"] for found in flows.values() for row in found)
    return [
        arm,
        f"{middle('valid'):.2f}",
        f"{middle('smape_dysts'):.2f}",
        f"{middle('smape_neurobench'):.2f}",
        diverged,
        f"{middle('train_seconds'):.3f}",
        f"{middle('choice_seconds'):.2f}",
    ]


def _firsts(means: dict[str, list[float]], arm: str) -> int:
    """Systems on which an arm is the first of the models."""
    best = [max(MODELS, key=lambda a: means[a][k]) for k in range(len(FLOWS))]
    return best.count(arm)


def _glass(found: list[dict[str, Row]], arm: str) -> list[Any]:
    scores = _each(found, arm, "smape_neurobench")
    return [
        arm,
        f"{statistics.median(scores):.2f}",
        spread(scores),
        f"{min(scores):.2f}",
        f"{max(scores):.2f}",
        spread(_each(found, arm)),
    ]
