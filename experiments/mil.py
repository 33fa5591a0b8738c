"""Multiple-instance learning: Hopfield pooling against logistic regression on summaries of bags."""

import statistics
from collections import Counter
from pathlib import Path
from typing import Any

from axonal._base.statistics import Difference, paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from experiments import _report
from experiments._mil_folds import FOLDS, INNER_FOLDS, STRENGTHS, Repeat

DATA = ("musk1", "tiger", "fox", "elephant")
WANTED = {"musk1": 0.85}
ARMS = {
    "hopfield": "Hopfield pooling",
    "mean": "logistic regression on means",
    "mean_min_max": "logistic regression on means, least and largest values",
}
# Area under the curve and its deviation, in percent, with Hopfield layers (Ramsauer et al., 2021).
PUBLISHED = {"tiger": "91.3 ± 0.5", "fox": "64.05 ± 0.4", "elephant": "94.9 ± 0.3"}


def plan() -> list[Repeat]:
    """Every data set, one repeat per seed."""
    return [Repeat(data, seed) for data in DATA for seed in _report.SEEDS]


def write(store: Store, out: Path) -> list[Path]:
    """Write mil.md and mil.json."""
    rows = {data: [store.find(Repeat(data, seed)) for seed in _report.SEEDS] for data in DATA}
    numbers = {data: _numbers(found) for data, found in rows.items()}
    return [
        _report.write_text(out / "mil.md", _page(rows, numbers)),
        _report.write_data(out / "mil.json", numbers),
    ]


def _numbers(rows: list[Row]) -> dict[str, Any]:
    """A mean over the test folds for every repeat and arm, and what follows from them."""
    auc = {arm: [statistics.fmean(row["auc"][arm]) for row in rows] for arm in ARMS}
    chosen: Counter[str] = Counter()
    for row in rows:
        chosen.update(row["chosen"])
    return {
        "auc": auc,
        "above": {
            arm: vars(paired(auc["hopfield"], auc[arm])) for arm in ARMS if arm != "hopfield"
        },
        "chosen": dict(chosen),
        "seconds": [row["hopfield_seconds"] for row in rows],
    }


def _page(rows: dict[str, list[Row]], numbers: dict[str, dict[str, Any]]) -> str:
    everything = [row for found in rows.values() for row in found]
    musk = numbers["musk1"]
    best, base = (statistics.fmean(musk["auc"][arm]) for arm in ("hopfield", "mean"))
    return _report.page(
        "mil",
        "mil",
        everything,
        "cross-validations",
        chosen=False,
        wanted=WANTED["musk1"],
        hopfield=spread(musk["auc"]["hopfield"]),
        regression=spread(musk["auc"]["mean"]),
        held=best >= WANTED["musk1"] and best >= base,
        above=Difference(**musk["above"]["mean"]),
        areas=markdown_table(
            ["data", *ARMS.values(), "published, Hopfield layers", "seconds a repeat"],
            [
                [
                    data,
                    *(spread(n["auc"][arm]) for arm in ARMS),
                    f"{PUBLISHED[data]} %" if data in PUBLISHED else "-",
                    f"{statistics.fmean(n['seconds']):.0f}",
                ]
                for data, n in numbers.items()
            ],
        ),
        folds=FOLDS,
        repeats=len(_report.SEEDS),
        differences=markdown_table(
            ["data", *(ARMS[arm] for arm in ARMS if arm != "hopfield")],
            [
                [data, *(str(Difference(**d)) for d in n["above"].values())]
                for data, n in numbers.items()
            ],
        ),
        counts=markdown_table(
            ["data", *numbers["musk1"]["chosen"]],
            [[data, *n["chosen"].values()] for data, n in numbers.items()],
        ),
        test_folds=FOLDS * len(_report.SEEDS),
        inner_folds=INNER_FOLDS,
        weakest=f"{STRENGTHS[0]:g}",
        strongest=f"{STRENGTHS[-1]:g}",
    )
