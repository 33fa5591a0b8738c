"""Movie reviews: small language models that learn a class, beside a bag of words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from axonal._base.statistics import paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._compare import values
from axonal.recipes.mr_sentiment import FOLDS, Settings
from experiments import _report
from experiments._mr_run import STRENGTHS, Bag, Read

PART = "mr"
WORDS = {"spiking": "SpikeGPT", "bag": "bag of words"}
Rows = Mapping[str, Sequence[Row]]


def jobs() -> dict[str, Sequence[Read | Bag]]:
    """The runs of every model, one per fold."""
    folds = range(FOLDS)
    return {"spiking": [Read(fold) for fold in folds], "bag": [Bag(fold) for fold in folds]}


def plan() -> list[Read | Bag]:
    """Every model and fold."""
    return [job for few in jobs().values() for job in few]


def write(store: Store, out: Path) -> list[Path]:
    """Write mr.md and mr.json."""
    rows = {name: [store.find(job) for job in few] for name, few in jobs().items()}
    apart = paired(values(rows["spiking"], "test"), values(rows["bag"], "test"))
    page = _report.page(
        "mr",
        PART,
        [row for few in rows.values() for row in few],
        "folds",
        settings=Settings(),
        folds=FOLDS,
        strengths=", ".join(f"{c:g}" for c in STRENGTHS),
        found=apart,
        beside=_report.beside(apart),
        sentences=sum(values(rows["bag"], "tested")),
        accuracies=markdown_table(
            ["model", "trained", "test", "validation"],
            [
                [
                    WORDS[name],
                    few[0]["trained_parameters"],
                    spread(values(few, "test")),
                    spread(values(few, "validation")),
                ]
                for name, few in rows.items()
            ],
        ),
    )
    return [
        _report.write_text(out / "mr.md", page),
        _report.write_data(out / "mr.json", _numbers(rows)),
    ]


def _numbers(rows: Rows) -> dict[str, Any]:
    return {
        name: {column: values(few, column) for column in ("test", "validation")}
        for name, few in rows.items()
    }
