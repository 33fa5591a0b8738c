"""Spoken digits by the exact adjoint and by a surrogate, at one network."""

from pathlib import Path
from typing import Any

from axonal._base.statistics import paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._compare import values
from axonal.recipes._runs import Run
from experiments import _report
from experiments._exact_adjoint_memory import PeakMemory

PART = "exact-adjoint"
SEEDS = (1, 2, 3, 4, 5)  # 0 was that of the runs that chose the settings
BUDGET: dict[str, Any] = {
    "network": "current-based",
    "kernel": "straight-through",
    "readout": "max_over_time",
    "hidden": 100,
    "dt": 0.002,
    "steps": 300,
    "silence": 180,
    "max_delay": 120,
    "tau": 10.0,
    "tau_synapse": 5.0,
    "learning_rate": 0.01,
    "delay_rate": 0.5,
    "weight_decay": 0.0,
    "freeze_from": 1.0,
    "sharpness": 3.0,
    "epochs": 15,
}
ENGINES = {"exact adjoint": {"engine": "eventprop", "wake": 0.02}, "surrogate": {}}
MEBIBYTE = 2**20


def runs(engine: str) -> list[Run]:
    """The runs of an engine, one per seed."""
    return [Run("spoken-digits", {"seed": seed, **BUDGET, **ENGINES[engine]}) for seed in SEEDS]


def memory(engine: str) -> PeakMemory:
    """The job that measures the memory of an engine."""
    return PeakMemory({"seed": SEEDS[0], **BUDGET, **ENGINES[engine]})


def plan() -> list[Run | PeakMemory]:
    """Both engines, one run per seed, and their memory."""
    return [*(run for engine in ENGINES for run in runs(engine)), *map(memory, ENGINES)]


def write(store: Store, out: Path) -> list[Path]:
    """Write exact_adjoint.md and exact_adjoint.json."""
    rows = {engine: [store.find(run) for run in runs(engine)] for engine in ENGINES}
    peaks = {engine: store.find(memory(engine))["bytes"] for engine in ENGINES}
    adjoint, surrogate = (values(few, "test") for few in rows.values())
    difference = paired(adjoint, surrogate)
    page = _report.page(
        "exact_adjoint",
        PART,
        [row for few in rows.values() for row in few],
        chosen=False,
        table=markdown_table(
            ["gradient", "test", "validation", "CPU s per epoch", "peak of an update (MiB)"],
            [_line(engine, few, peaks[engine]) for engine, few in rows.items()],
        ),
        difference=f"{difference.mean:+.3f} ± {difference.half:.3f}",
        order=_report.beside(difference),
        **BUDGET,
    )
    numbers = {
        engine: {
            "peak_bytes": peaks[engine],
            **{name: values(few, name) for name in ("test", "validation", "cpu_seconds")},
        }
        for engine, few in rows.items()
    }
    return [
        _report.write_text(out / "exact_adjoint.md", page),
        _report.write_data(out / "exact_adjoint.json", {"budget": BUDGET, **numbers}),
    ]


def _line(engine: str, rows: list[Row], peak: int) -> list[Any]:
    per_epoch = [seconds / BUDGET["epochs"] for seconds in values(rows, "cpu_seconds")]
    return [
        engine,
        spread(values(rows, "test")),
        spread(values(rows, "validation")),
        spread(per_epoch),
        f"{peak / MEBIBYTE:.0f}",
    ]
