"""Forgetting of delays when one task follows another, with protection and without."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from experiments import _continual_delays, _report
from experiments._continual_jobs import Timed, each, percent

PART = "continual-delays"
SEEDS = (0, 1, 2)


def timed(stream: str, arm: str) -> list[Timed]:
    """A stream in time by one arm."""
    return [Timed(stream, arm, seed) for seed in SEEDS]


def plan() -> Sequence[Timed]:
    """All jobs."""
    streams, arms = _continual_delays.STREAMS, _continual_delays.ARMS
    return [job for stream in streams for arm in arms for job in timed(stream, arm)]


def write(store: Store, out: Path) -> list[Path]:
    """Write continual_delays.md."""
    page = _report.page(
        "continual_delays",
        PART,
        [store.find(job) for job in plan()],
        "streams learnt by a method",
        chosen=False,
        latency=_table(store, "latency"),
        speakers=_table(store, "speakers"),
        latency_shape=_continual_delays.STREAMS["latency"],
        speakers_shape=_continual_delays.STREAMS["speakers"],
        delays=_continual_delays,
        task_seeds=len(SEEDS),
    )
    return [_report.write_text(out / "continual_delays.md", page)]


COLUMNS = {
    "test_accuracy": "ACC (%)",
    "backward_transfer": "BWT (points)",
    "by_delays_alone": "lost by delays alone",
    "by_weights_alone": "lost by weights alone",
    "rounded": "ACC of whole delays (%)",
}


def _table(store: Store, stream: str) -> str:
    lines = []
    for arm in _continual_delays.ARMS:
        rows = [store.find(job) for job in timed(stream, arm)]
        lines.append([arm, *(percent(each(rows, name)) for name in COLUMNS), _moved(rows)])
    return markdown_table(["arm", *COLUMNS.values(), "delays moved (steps)"], lines)


def _moved(rows: Sequence[Row]) -> str:
    moved = each(rows, "delays_moved")
    return f"{statistics.fmean(moved):.2f}" if moved else ""
