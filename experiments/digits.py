"""Test accuracy of the recipe ``digits`` over seeds."""

import statistics
from pathlib import Path

from axonal._base.statistics import half_width, spread
from axonal._base.sweeps import Store
from axonal._base.tables import markdown_table
from axonal.recipes._runs import Run
from experiments import _report

MEAN_WANTED, SEED_WANTED = 0.96, 0.94


def plan() -> list[Run]:
    """The recipe as it is, one run per seed."""
    return [Run("digits", {"seed": seed}) for seed in _report.SEEDS]


def write(store: Store, out: Path) -> list[Path]:
    """Write digits.md and digits.json."""
    rows = [store.find(run) for run in plan()]
    test = [row["test"] for row in rows]
    mean, least, half = statistics.fmean(test), min(test), half_width(test)
    held = mean >= MEAN_WANTED and least >= SEED_WANTED
    text = _report.page(
        "digits",
        "digits",
        rows,
        mean_wanted=MEAN_WANTED,
        seed_wanted=SEED_WANTED,
        test=spread(test),
        seeds=len(test),
        half=f"{half:.3f}",
        least=f"{least:.3f}",
        held=held,
        table=markdown_table(
            ["seed", "test", "validation", "trained parameters", "hidden spikes a step", "seconds"],
            [
                [
                    row["changes"]["seed"],
                    f"{row['test']:.4f}",
                    f"{row['validation']:.4f}",
                    row["trained_parameters"],
                    f"{row['rates']['hidden']:.3f}",
                    f"{row['seconds']:.1f}",
                ]
                for row in rows
            ],
        ),
    )
    numbers = {
        "test": test,
        "mean": mean,
        "half_width_95": half,
        "lowest": least,
        "as_wanted": held,
    }
    return [
        _report.write_text(out / "digits.md", text),
        _report.write_data(out / "digits.json", numbers),
    ]
