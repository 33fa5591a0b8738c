"""Spoken digits: ternary weights with learned delays beside float, before and after two chips."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from axonal._base.statistics import Difference, paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._compare import values
from experiments import _report
from experiments._ternary_delays_run import CALIBRATION, CHIPS, Ternary

PART = "ternary-delays"
WEIGHTS = ("float", "ternary")
SEEDS = (3, 4, 5, 6, 7)  # those of the experiment spoken-digits
STAGES = {"float": "exported", "loihi2": "Loihi 2", "spinnaker": "SpiNNaker"}
Rows = Mapping[str, Sequence[Row]]


def plan() -> list[Ternary]:
    """Both kinds of weights, one run per seed."""
    return [Ternary(weights, seed) for weights in WEIGHTS for seed in SEEDS]


def write(store: Store, out: Path) -> list[Path]:
    """Write ternary_delays.md and .json."""
    rows = {w: [store.find(Ternary(w, seed)) for seed in SEEDS] for w in WEIGHTS}
    page = _report.page(
        "ternary_delays",
        PART,
        [row for few in rows.values() for row in few],
        chosen=False,
        cost=costs(rows, "float"),
        chips={STAGES[chip]: costs(rows, chip) for chip in CHIPS},
        zeros=f"{100 * sum(values(rows['ternary'], 'zeros')) / len(SEEDS):.0f}",
        sizes={STAGES[s]: max(row["sizes"][s] for row in rows["ternary"]) for s in STAGES},
        verified=all(all(row["verified"].values()) for few in rows.values() for row in few),
        calibration=CALIBRATION,
        epochs=plan()[0].settings.epochs,
        accuracies=markdown_table(
            ["weights", *(f"test, {words}" for words in STAGES.values()), "validation, exported"],
            [
                [
                    w,
                    *(spread(part(few, "test", s)) for s in STAGES),
                    spread(part(few, "validation", "float")),
                ]
                for w, few in rows.items()
            ],
        ),
        differences=markdown_table(
            ["difference of", "and", "test accuracy, 95 % interval"],
            [
                *(
                    [f"ternary, {words}", f"float, {words}", str(costs(rows, stage))]
                    for stage, words in STAGES.items()
                ),
                *(
                    [f"{w}, {STAGES[chip]}", f"{w}, exported", str(lost(rows[w], chip))]
                    for w in WEIGHTS
                    for chip in CHIPS
                ),
            ],
        ),
    )
    return [
        _report.write_text(out / "ternary_delays.md", page),
        _report.write_data(out / "ternary_delays.json", _numbers(rows)),
    ]


def part(rows: Sequence[Row], column: str, stage: str) -> list[float]:
    """An accuracy of every row at a stage: exported, or on a chip."""
    return [row[column][stage] for row in rows]


def costs(rows: Rows, stage: str) -> Difference:
    """Ternary less float weights at a stage."""
    ternary, plain = (part(rows[w], "test", stage) for w in ("ternary", "float"))
    return paired(ternary, plain)


def lost(rows: Sequence[Row], chip: str) -> Difference:
    """Accuracy on a chip less that before."""
    return paired(part(rows, "test", chip), part(rows, "test", "float"))


def _numbers(rows: Rows) -> dict[str, Any]:
    names = ("test", "validation", "zeros", "sizes", "verified", "trained_parameters")
    return {w: {name: [row[name] for row in few] for name in names} for w, few in rows.items()}
