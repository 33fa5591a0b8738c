"""Exact gradients on the Yin-Yang points: with and without delays, and taken to steps of time."""

from pathlib import Path
from typing import Any

from axonal._base.statistics import paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes import yin_yang
from axonal.recipes._compare import values
from axonal.recipes._runs import Run
from experiments import _report
from experiments._yin_yang_jobs import STEPS, Exported, ReLU

PART = "yin-yang"
COMPARISON = yin_yang.COMPARISON
WANTED, AIMED, MINUTES = 0.965, 0.98, 5
"""What the mean with learned delays must reach, what is aimed at, and processor time per seed."""


def runs(arm: str) -> list[Run]:
    """The runs of an arm, one per seed."""
    kind = Exported if arm == "learned" else Run
    return [kind(PART, changes) for changes in COMPARISON.changes(COMPARISON.arms[arm], "", {})]


def controls() -> list[ReLU]:
    """The ReLU networks, one per seed."""
    return [ReLU(seed) for seed in COMPARISON.seeds]


def plan() -> list[Run | ReLU]:
    """The arm that is asked about, the control, and the other arms."""
    return [*runs("learned"), *controls(), *runs("none"), *runs("fixed")]


def write(store: Store, out: Path) -> list[Path]:
    """Write yin_yang.md and yin_yang.json."""
    rows = {arm: [store.find(run) for run in runs(arm)] for arm in COMPARISON.arms}
    control = [store.find(job) for job in controls()]
    learned = values(rows["learned"], "test")
    named = {COMPARISON.arms[arm].words: few for arm, few in rows.items()} | {"ReLU units": control}
    differences = {
        f"{COMPARISON.arms[high].words} less {COMPARISON.arms[low].words}": paired(
            values(rows[high], "test"), values(rows[low], "test")
        )
        for high, low in COMPARISON.pairs
    } | {"learned delays less ReLU units": paired(learned, values(control, "test"))}
    mean = sum(learned) / len(learned)
    slowest = max(values(rows["learned"], "cpu_seconds"))
    page = _report.page(
        "yin_yang",
        PART,
        [*(row for few in rows.values() for row in few), *control],
        chosen=False,
        arms=markdown_table(
            ["network", "trained numbers", "test", "validation", "longest (CPU s)"],
            [_line(words, few) for words, few in named.items()],
        ),
        differences=markdown_table(
            ["difference of test accuracies", "mean and 95 % interval"],
            [
                [words, f"{found.mean:+.4f} ± {found.half:.4f}"]
                for words, found in differences.items()
            ],
        ),
        grids=markdown_table(
            ["step (ms)", "test", "spikes that differ from the engine's"],
            [["none: exact", spread(learned), ""], *(_grid(rows["learned"], s) for s in STEPS)],
        ),
        mean=f"{100 * mean:.1f}",
        reached="reached" if mean >= WANTED and slowest <= 60 * MINUTES else "missed",
        aimed="reached" if mean >= AIMED else "missed",
        wanted=f"{100 * WANTED:g}",
        aim=f"{100 * AIMED:g}",
        minutes=MINUTES,
        slowest=f"{slowest:.0f}",
        settings=yin_yang.Settings(),
    )
    numbers: dict[str, Any] = {
        words: {name: values(few, name) for name in ("test", "validation", "cpu_seconds")}
        for words, few in named.items()
    }
    numbers["exported"] = [row["exported"] for row in rows["learned"]]
    return [
        _report.write_text(out / "yin_yang.md", page),
        _report.write_data(out / "yin_yang.json", numbers),
    ]


def _line(words: str, rows: list[Row]) -> list[Any]:
    return [
        words,
        rows[0]["trained_parameters"],
        spread(values(rows, "test")),
        spread(values(rows, "validation")),
        f"{max(values(rows, 'cpu_seconds')):.0f}",
    ]


def _grid(rows: list[Row], step: float) -> list[Any]:
    found = [row["exported"][str(step)] for row in rows]
    different = sum(one["different_spikes"] for one in found)
    return [f"{step:g}", spread([one["test"] for one in found]), different]
