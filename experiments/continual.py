"""Permutations of MNIST one after another, by Hebbian projection and by baselines."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from axonal._base.statistics import paired
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.hebbian.continual import plot_accuracy_matrix
from axonal.recipes import _continual, hlop_pmnist
from experiments import _report
from experiments._continual_jobs import Permuted, each, percent

PART = "continual"
SEEDS = (0, 1, 2)
ARMS = _continual.ARMS
CHOSEN_SEED = 100
EWC, SI = (10.0, 100.0, 1000.0), (1.0, 10.0, 100.0)


def choosing() -> list[Permuted]:
    """Runs of another seed whose validation has chosen the strengths of EWC and SI."""
    ewc = [Permuted("ewc", CHOSEN_SEED, (("ewc", strength),)) for strength in EWC]
    return [*ewc, *(Permuted("si", CHOSEN_SEED, (("si", strength),)) for strength in SI)]


def pmnist(arm: str) -> list[Permuted]:
    """Permuted MNIST by one arm."""
    return [Permuted(arm, seed) for seed in SEEDS]


def pmnist_jobs() -> list[Permuted]:
    """Permuted MNIST by all arms."""
    return [job for arm in ARMS for job in pmnist(arm)]


def plan() -> Sequence[Permuted]:
    """All jobs."""
    return [*pmnist_jobs(), *choosing()]


def write(store: Store, out: Path) -> list[Path]:
    """Write continual.md, continual.json and the figure of matrices."""
    found = {arm: [store.find(job) for job in pmnist(arm)] for arm in ARMS}
    settings = Permuted("hlop", SEEDS[0]).settings
    page = _report.page(
        "continual",
        PART,
        [store.find(job) for job in plan()],
        "streams learnt by a method",
        chosen=False,
        settings=settings,
        task_seeds=len(SEEDS),
        cpu_minutes=f"{sum(row['seconds'] for rows in found.values() for row in rows) / 60:.1f}",
        demands=_demands(found),
        pmnist=_table(found),
        differences=_differences(found),
        chosen_strengths=_strengths(store),
        residuals=_residuals(found["hlop"]),
    )
    numbers = {
        "permuted MNIST": {
            arm: {
                "accuracy": each(rows, "test_accuracy"),
                "backward transfer": each(rows, "backward_transfer"),
            }
            for arm, rows in found.items()
        }
    }
    return [
        _report.write_text(out / "continual.md", page),
        _report.write_data(out / "continual.json", numbers),
        _report.save(_figure(found), out / "continual.png"),
    ]


def _table(found: dict[str, list[Row]]) -> str:
    return markdown_table(
        ["method", "ACC (%)", "BWT (points)", "FWT (points)", "CPU (s)"],
        [
            [
                arm,
                percent(each(rows, "test_accuracy")),
                percent(each(rows, "backward_transfer")),
                percent(each(rows, "forward_transfer")),
                f"{statistics.fmean(each(rows, 'seconds')):.0f}",
            ]
            for arm, rows in found.items()
        ],
    )


def _demands(found: dict[str, list[Row]]) -> list[str]:
    """Demands, and whether they hold of the means."""

    def mean(arm: str, name: str = "test_accuracy") -> float:
        return 100 * statistics.fmean(each(found[arm], name))

    back, hlop = "backward_transfer", mean("hlop")
    asked = [
        ("sequential learning forgets, BWT <= -10", mean("sequential", back), "<=", -10.0),
        ("HLOP does not, BWT >= -2", mean("hlop", back), ">=", -2.0),
        ("HLOP is within 2 points of GPM", mean("gpm") - hlop, "<=", 2.0),
        (
            "spiking laterals are within 1 point of HLOP",
            abs(hlop - mean("hlop-quantised")),
            "<=",
            1.0,
        ),
        ("HLOP is within 3.5 points of joint learning", mean("joint") - hlop, "<=", 3.5),
    ]
    return [
        f"{words}: {value:.2f}, {'holds' if _holds(value, sign, bound) else '**does not hold**'}"
        for words, value, sign, bound in asked
    ]


def _holds(value: float, sign: str, bound: float) -> bool:
    return value <= bound if sign == "<=" else value >= bound


def _differences(found: dict[str, list[Row]]) -> dict[str, str]:
    hlop = [100 * value for value in each(found["hlop"], "test_accuracy")]
    others = {arm: rows for arm, rows in found.items() if arm != "hlop"}
    return {
        f"hlop less {arm}": str(paired(hlop, [100 * v for v in each(rows, "test_accuracy")]))
        for arm, rows in others.items()
    }


def _strengths(store: Store) -> str:
    rows = [
        [job.arm, f"{dict(job.changes)[job.arm]:g}", f"{100 * row['validation_accuracy']:.1f}"]
        for job in choosing()
        for row in [store.find(job)]
    ]
    return markdown_table(["method", "strength", "ACC of validation (%)"], rows)


def _residuals(rows: Sequence[Row]) -> str:
    tasks = len(rows[0]["residuals"])
    lines = []
    for k in range(tasks):
        cells: list[str] = [str(k + 1)]
        for layer in range(len(hlop_pmnist.LAYERS)):
            left, least = (
                statistics.fmean(row["residuals"][k][layer][part] for row in rows)
                for part in (0, 1)
            )
            cells.append(f"{left:.3f} / {least:.3f}")
        lines.append(cells)
    return markdown_table(["task", *hlop_pmnist.LAYERS], lines)


def _figure(found: dict[str, list[Row]]) -> Figure:
    """Matrices of accuracies of the first seed."""
    arms = [arm for arm in ARMS if len(found[arm][0]["matrix"]) > 1]
    figure = Figure(figsize=(11.5, 6.2), layout="constrained")
    axes: Any = figure.subplots(2, 4)
    for ax, arm in zip(axes.flat, arms, strict=False):
        plot_accuracy_matrix(found[arm][0]["matrix"], ax=ax)
        ax.set_title(arm)
    for ax in axes.flat[len(arms) :]:
        ax.set_axis_off()
    figure.suptitle("Accuracy (%) on each task of permuted MNIST after each task")
    return figure
