"""Spoken digits: learned, fixed and no delays, with the controls that an honest reader needs."""

from pathlib import Path
from typing import Any

from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes import Arm, _compare
from axonal.recipes._compare import difference, rounding
from axonal.recipes._runs import Run
from axonal.recipes.figures import comparison as figure
from axonal.recipes.spoken_digits import COMPARISON, LONG
from experiments import _report

PART = "spoken-digits"
ROUNDED = ("learned", "frozen")
Rows = dict[str, list[Row]]


def runs(arm: Arm, split: str) -> list[Run]:
    """The runs of an arm, one per seed."""
    return [Run(PART, changes) for changes in COMPARISON.changes(arm, split, {})]


def plan() -> list[Run]:
    """Every split and arm, one run per seed."""
    return [
        run
        for split in COMPARISON.tables
        for arm in COMPARISON.arms.values()
        for run in runs(arm, split)
    ]


def write(store: Store, out: Path) -> list[Path]:
    """Write spoken_digits.md, .json and .png."""
    rows = {
        split: {
            name: [store.find(run) for run in runs(arm, split)]
            for name, arm in COMPARISON.arms.items()
        }
        for split in COMPARISON.tables
    }
    named = {COMPARISON.tables[split]: arms for split, arms in rows.items()}
    comparisons = len(rows) * len(COMPARISON.pairs)
    page = _report.page(
        "spoken_digits",
        PART,
        [row for arms in rows.values() for few in arms.values() for row in few],
        chosen=False,
        epochs=runs(COMPARISON.arms["frozen"], "official")[0].settings.epochs,
        tables=[_table(words, arms) for words, arms in named.items()],
        long=f"{LONG:g}",
        comparisons=comparisons,
        remaining=_compare.remaining(COMPARISON, named, comparisons),
    )
    return [
        _report.write_text(out / "spoken_digits.md", page),
        _report.write_data(
            out / "spoken_digits.json", {split: _numbers(arms) for split, arms in rows.items()}
        ),
        _report.save(
            figure.draw(_compare.accuracies_of(COMPARISON, named)), out / "spoken_digits.png"
        ),
    ]


def _table(words: str, rows: Rows) -> dict[str, Any]:
    memory = difference(rows, "frozen", "none, long")
    return {
        "words": words,
        "orders": _compare.orders(COMPARISON, rows),
        "beside": _report.beside(memory),
        "accuracies": _accuracies(rows),
        "differences": markdown_table(*_compare.differences(COMPARISON, rows)),
        "roundings": markdown_table(*_compare.roundings(COMPARISON, rows, *ROUNDED)),
    }


def _accuracies(rows: Rows) -> str:
    """The table of any comparison, under headings of this task."""
    head = ("delays", "trained", "test", "validation", "rate, layer 1", "rate, layer 2", "seconds")
    return markdown_table(head, _compare.accuracies(COMPARISON, rows)[1])


def _numbers(rows: Rows) -> dict[str, Any]:
    """All numbers of a split, for the file beside the page."""
    numbers = _compare.numbers_of(COMPARISON, rows)
    for name in ROUNDED:
        loss = rounding(rows[name])
        numbers["differences"][f"rounding, {name}"] = {
            "mean": loss.mean,
            "half_width_95": loss.half,
        }
    return numbers
