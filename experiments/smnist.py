"""Sequential MNIST in a short run: pixels in order and permuted, with the budget that it had."""

from pathlib import Path
from typing import Any

from axonal._base.statistics import binomial_error, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._compare import values
from axonal.recipes._runs import Run
from experiments import _report

PART = "smnist"
SEEDS = (0, 1, 2)
BUDGET: dict[str, Any] = {
    "samples": 2000,
    "tested": 1000,
    "hidden": 64,
    "batch": 50,
    "epochs": 10,
    "learning_rate": 0.01,
}
ORDERS = {"row by row": False, "permuted": True}


def runs(permuted: bool) -> list[Run]:
    """The runs of an order of the pixels, one per seed."""
    return [Run(PART, {"seed": seed, "permuted": permuted, **BUDGET}) for seed in SEEDS]


def plan() -> list[Run]:
    """Both orders, one run per seed."""
    return [run for permuted in ORDERS.values() for run in runs(permuted)]


def write(store: Store, out: Path) -> list[Path]:
    """Write smnist.md and smnist.json."""
    rows = {
        words: [store.find(run) for run in runs(permuted)] for words, permuted in ORDERS.items()
    }
    page = _report.page(
        "smnist",
        PART,
        [row for few in rows.values() for row in few],
        chosen=False,
        table=markdown_table(
            ["pixels", "trained", "test", "binomial error", "validation", "seconds"],
            [_line(words, few) for words, few in rows.items()],
        ),
        **BUDGET,
    )
    numbers = {
        words: {name: values(few, name) for name in ("test", "validation", "cpu_seconds")}
        for words, few in rows.items()
    }
    return [
        _report.write_text(out / "smnist.md", page),
        _report.write_data(out / "smnist.json", {"budget": BUDGET, **numbers}),
    ]


def _line(words: str, rows: list[Row]) -> list[Any]:
    mean = sum(values(rows, "test")) / len(rows)
    return [
        words,
        rows[0]["trained_parameters"],
        spread(values(rows, "test")),
        f"{binomial_error([mean], [rows[0]['tested']]):.3f}",
        spread(values(rows, "validation")),
        f"{max(values(rows, 'cpu_seconds')):.0f}",
    ]
