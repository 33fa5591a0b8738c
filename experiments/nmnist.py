"""N-MNIST with few recordings: a spiking convolutional network beside logistic regression."""

import statistics
from pathlib import Path
from typing import Any

from axonal._base.statistics import binomial_error, paired
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes import _compare
from axonal.recipes._compare import values
from axonal.recipes._nmnist_recordings import FOLDS
from axonal.recipes._runs import Run
from axonal.recipes.nmnist import COMPARISON, Settings
from experiments import _report
from experiments._nmnist_logistic import STRENGTHS, Logistic

PART = "nmnist"
OFFICIAL_SEEDS = (0, 1, 2)
BELOW, ABOVE, MINUTES = 0.01, 0.03, 10
"""What is wanted: at most so far below the regression, what is aimed at above it, and the time."""
Rows = dict[str, list[Row]]


def folds(arm: str) -> list[Run]:
    """The runs of an arm, one per fold."""
    return [Run(PART, changes) for changes in COMPARISON.changes(COMPARISON.arms[arm], "", {})]


def official() -> list[Run]:
    """Runs that are tested on the official test recordings."""
    return [Run(PART, {"seed": seed, "arm": "moved"}) for seed in OFFICIAL_SEEDS]


def logistic() -> list[Logistic]:
    """The regressions, one per fold."""
    return [Logistic(fold) for fold in range(FOLDS)]


def plan() -> list[Run | Logistic]:
    """Every arm and fold, the regressions, and the official split."""
    regressions = [*logistic(), Logistic(None)]
    return [*folds("moved"), *regressions, *official(), *folds("linear"), *folds("still")]


def write(store: Store, out: Path) -> list[Path]:
    """Write nmnist.md and nmnist.json."""
    rows: Rows = {arm: [store.find(run) for run in folds(arm)] for arm in COMPARISON.arms}
    control = [store.find(job) for job in logistic()]
    apart = {
        "network": [store.find(run) for run in official()],
        "control": [store.find(Logistic(None))],
    }
    numbers = _numbers(rows, control, apart)
    return [
        _report.write_text(out / "nmnist.md", _page(rows, control, apart, numbers)),
        _report.write_data(out / "nmnist.json", numbers),
    ]


def _numbers(rows: Rows, control: list[Row], apart: Rows) -> dict[str, Any]:
    """All numbers of the page."""
    above = paired(values(rows["moved"], "test"), values(control, "test"))
    return {
        **_compare.numbers_of(COMPARISON, rows),
        "binomial_error": {arm: _compare.error(few) for arm, few in rows.items()},
        "tested": values(rows["moved"], "tested"),
        "logistic": {
            "test": values(control, "test"),
            "binomial_error": _compare.error(control),
            "strength": values(control, "strength"),
        },
        "above_logistic": {"mean": above.mean, "half_width_95": above.half},
        "official": {
            "seeds": list(OFFICIAL_SEEDS),
            "test": values(apart["network"], "test"),
            "logistic": values(apart["control"], "test"),
            "tested": apart["control"][0]["tested"],
        },
        "cpu_seconds": {arm: values(few, "cpu_seconds") for arm, few in rows.items()},
    }


def _page(rows: Rows, control: list[Row], apart: Rows, numbers: dict[str, Any]) -> str:
    above = paired(values(rows["moved"], "test"), values(control, "test"))
    longest = max(values(rows["moved"], "cpu_seconds")) / 60
    held = above.mean >= -BELOW and longest <= MINUTES
    tested, mean = numbers["official"]["tested"], statistics.fmean(numbers["official"]["test"])
    networks = [row for few in (*rows.values(), apart["network"]) for row in few]
    words = {arm: COMPARISON.arms[arm].words for arm in rows}
    return _report.page(
        "nmnist",
        PART,
        networks,
        chosen=False,
        network=_compare.share(rows["moved"]),
        regression=_compare.share(control),
        difference=above,
        held=held,
        reached=above.mean >= ABOVE,
        below=f"{100 * BELOW:g}",
        above=f"{100 * ABOVE:g}",
        minutes=MINUTES,
        longest=f"{longest:.1f}",
        everything=sum(values(control, "tested")),
        epochs=Settings().epochs,
        strengths=", ".join(f"{c:g}" for c in STRENGTHS),
        accuracies=markdown_table(*_compare.accuracies(COMPARISON, rows)),
        differences=markdown_table(*_compare.differences(COMPARISON, rows)),
        folds=markdown_table(
            ["fold", "tested", *words.values(), "regression by scikit-learn"],
            [
                [k, control[k]["tested"]]
                + [f"{few[k]['test']:.3f}" for few in (*rows.values(), control)]
                for k in range(FOLDS)
            ],
        ),
        tested=tested,
        official=", ".join(f"{share:.2f}" for share in numbers["official"]["test"]),
        official_control=f"{numbers['official']['logistic'][0]:.2f}",
        official_error=f"{binomial_error([mean], [tested]):.2f}",
        remaining=_compare.remaining(COMPARISON, {"five folds": rows}, len(COMPARISON.pairs)),
    )
