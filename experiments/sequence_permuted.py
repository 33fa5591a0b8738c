"""Permuted pixels: recurrent spiking neurons, with and without delays, beside Legendre memories."""

import statistics
from pathlib import Path
from typing import Any

from axonal._base.sweeps import Row, Store
from axonal.recipes import lmuformer_psmnist
from axonal.recipes._compare import values
from axonal.recipes._runs import Run
from axonal.recipes.lmuformer_psmnist import COMPARISON, Settings
from experiments import _report
from experiments._sequence_tables import accuracies, difference

PART = "sequence-permuted"
RECIPE = "lmuformer-psmnist"
SEEDS = (0,)
BUDGET: dict[str, Any] = {"samples": 20_000, "epochs": 4}
ORDER = ("lif", "spiking-lmu", "lmu")
"""Arms in the order that is expected of them, the lowest first."""
RATES: dict[str, dict[str, Any]] = {"lif": {"learning_rate": 1.5e-2}}
"""Chosen by validation out of .001, .004 and .015; at the lower two it stays near chance."""
CHANCE = 0.1


def runs(arm: str) -> list[Run]:
    """The runs of an arm, one per seed."""
    shared = {"arm": arm, **BUDGET, **RATES.get(arm, {})}
    return [Run(RECIPE, {"seed": seed, **shared}) for seed in SEEDS]


def plan() -> list[Run]:
    """Every arm and seed."""
    return [run for arm in lmuformer_psmnist.ARMS for run in runs(arm)]


def write(store: Store, out: Path) -> list[Path]:
    """Write sequence_permuted.md and .json."""
    rows = {arm: [store.find(run) for run in runs(arm)] for arm in lmuformer_psmnist.ARMS}
    page = _report.page(
        "sequence_permuted",
        PART,
        [row for few in rows.values() for row in few],
        chosen=False,
        settings=Settings(**BUDGET),
        rate=RATES["lif"]["learning_rate"],
        seeds=len(SEEDS),
        table=accuracies(
            {COMPARISON.arms[arm].words: few for arm, few in rows.items()}, tested=Settings().tested
        ),
        verdicts=verdicts(rows),
    )
    numbers = {
        arm: {name: values(few, name) for name in ("test", "validation", "cpu_seconds")}
        for arm, few in rows.items()
    }
    return [
        _report.write_text(out / "sequence_permuted.md", page),
        _report.write_data(out / "sequence_permuted.json", numbers),
    ]


def verdicts(rows: dict[str, list[Row]]) -> list[str]:
    """The differences that were asked for, and whether the means have the expected order."""
    words = {arm: COMPARISON.arms[arm].words for arm in rows}
    pairs = [*zip(ORDER[1:], ORDER[:-1], strict=True), ("delays", "lif"), ("lmuformer", "lmu")]
    lines = [f"{words[a]} less {words[b]}: {difference(rows[a], rows[b])}" for a, b in pairs]
    means: dict[str, Any] = {arm: statistics.fmean(values(rows[arm], "test")) for arm in ORDER}
    held = means[ORDER[0]] < means[ORDER[1]] < means[ORDER[2]]
    wanted = " < ".join(words[arm] for arm in ORDER)
    lines.append(f"{wanted}: {'holds' if held else '**does not hold**'} of the means")
    for arm, few in rows.items():
        if statistics.fmean(values(few, "test")) < 2 * CHANCE:
            lines.append(f"{words[arm]} **hardly learns** in this training: chance is {CHANCE:g}")
    return lines
