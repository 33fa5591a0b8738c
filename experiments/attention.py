"""Spiking attention over the patches of N-MNIST, beside the same blocks without masks."""

from pathlib import Path
from typing import Any

from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes import _compare
from axonal.recipes._compare import values
from axonal.recipes._runs import Run
from axonal.recipes.attention_nmnist import COMPARISON, Settings, build
from experiments import _report, nmnist

PART = "attention-nmnist"
Rows = dict[str, list[Row]]


def folds(arm: str) -> list[Run]:
    """The runs of an arm, one per fold."""
    return [Run(PART, changes) for changes in COMPARISON.changes(COMPARISON.arms[arm], "", {})]


def plan() -> list[Run]:
    """Every arm and fold."""
    return [run for arm in COMPARISON.arms for run in folds(arm)]


def write(store: Store, out: Path) -> list[Path]:
    """Write attention.md and attention.json."""
    rows: Rows = {arm: [store.find(run) for run in folds(arm)] for arm in COMPARISON.arms}
    convolutions = [store.find(run) for run in nmnist.folds("moved")]
    numbers: dict[str, Any] = {
        **_compare.numbers_of(COMPARISON, rows),
        "binomial_error": {arm: _compare.error(few) for arm, few in rows.items()},
        "convolutions": values(convolutions, "test"),
        "cpu_seconds": {arm: values(few, "cpu_seconds") for arm, few in rows.items()},
    }
    text = _report.page(
        "attention",
        "attention",
        [row for few in rows.values() for row in few],
        chosen=False,
        everything=sum(values(rows["none"], "tested")),
        settings=Settings(),
        parameters={arm: _parameters(arm) for arm in rows},
        accuracies=markdown_table(*_compare.accuracies(COMPARISON, rows)),
        differences=markdown_table(*_compare.differences(COMPARISON, rows)),
        convolutions=_compare.share(convolutions),
        remaining=_compare.remaining(COMPARISON, {"five folds": rows}, len(COMPARISON.pairs)),
    )
    return [
        _report.write_text(out / "attention.md", text),
        _report.write_data(out / "attention.json", numbers),
    ]


def _parameters(arm: str) -> int:
    return sum(p.numel() for p in build(Settings(arm=arm)).parameters())
