"""Spoken digits: attempts to learn better delays, and what is left of them beside controls."""

import statistics
from pathlib import Path
from typing import Any

from axonal._base.statistics import spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes import Arm
from axonal.recipes._compare import difference, rounding, values
from axonal.recipes._runs import Run
from axonal.recipes.spoken_digits import COMPARISON, LONG
from experiments import _report

ARMS, SEEDS = COMPARISON.arms, COMPARISON.seeds
PART = "spoken-digits-attempts"
RECIPE, SPLIT = "spoken-digits", "official"
LONGER = 30  # epochs
NARROW = {"final_sigma": 0.01, "narrow_until": 2 / 3}
THROUGH = {"kernel": "straight-through"}
BASE = "frozen"
AT_THE_END = ("learned", "narrow, at the end")  # rounded without a freeze before


def _longer(arm: Arm, **changes: Any) -> Arm:
    return Arm(f"{arm.words}, {LONGER} epochs", {**arm.changes, **changes, "epochs": LONGER})


_THROUGH = Arm("learned, straight-through until the freeze", {"arm": "learned", **THROUGH})
LEARNED = {
    **{name: ARMS[name] for name in ("frozen", "learned")},
    "narrow, at the end": Arm(
        "learned, Gaussian narrowed to 0.28 steps, rounded at the end",
        {"arm": "learned", **NARROW, "freeze_from": 1.0},
    ),
    "narrow": Arm(
        "learned, Gaussian narrowed to 0.28 steps until the freeze", {"arm": "learned", **NARROW}
    ),
    "through": _THROUGH,
    "longer": _longer(ARMS["frozen"]),
    "through, longer": _longer(_THROUGH),
}
CONTROLS = {
    "fixed": {"fixed, equal": ARMS["fixed, equal"], "fixed, longer": _longer(ARMS["fixed, equal"])},
    "long": {"none, long": ARMS["none, long"], "long, longer": _longer(ARMS["none, long"])},
}
BESIDE = {
    "fixed": "fixed random delays of equal parameters",
    "long": f"a membrane of {LONG:g} steps without delays",
}
CODE = {
    name: Arm(ARMS[name].words, {**ARMS[name].changes, "front_end": "quantiles"})
    for name in ("frozen", "fixed, equal", "none, equal", "none, long")
}
CODE_QUESTIONS = (
    ("frozen", "fixed, equal"),
    ("fixed, equal", "none, equal"),
    ("frozen", "none, long"),
)


def lines() -> dict[str, Arm]:
    """All that learns from counts, by name."""
    return LEARNED | {name: arm for arms in CONTROLS.values() for name, arm in arms.items()}


def plan() -> list[Run]:
    """Every attempt and control, one run per seed."""
    return [run for arm in (*lines().values(), *CODE.values()) for run in runs(arm)]


def runs(arm: Arm) -> list[Run]:
    """The runs of an attempt, one per seed."""
    return [Run(RECIPE, {"seed": seed, "split": SPLIT, **arm.changes}) for seed in SEEDS]


def write(store: Store, out: Path) -> list[Path]:
    """Write spoken_digits_attempts.md and spoken_digits_attempts.json."""
    counts, code = (
        {name: [store.find(run) for run in runs(arm)] for name, arm in arms.items()}
        for arms in (lines(), CODE)
    )
    return [
        _report.write_text(out / "spoken_digits_attempts.md", report(counts, code)),
        _report.write_data(
            out / "spoken_digits_attempts.json",
            {"counts": _numbers(counts), "code": _numbers(code)},
        ),
    ]


def best(rows: dict[str, list[Row]], names: list[str]) -> str:
    """The line with the highest mean accuracy on validation data."""
    return max(names, key=lambda name: statistics.fmean(values(rows[name], "validation")))


def report(rows: dict[str, list[Row]], code: dict[str, list[Row]]) -> str:
    """Text of spoken_digits_attempts.md, all of whose statements are computed from the rows."""
    everything = [row for found in (*rows.values(), *code.values()) for row in found]
    return _report.page(
        "spoken_digits_attempts",
        PART,
        everything,
        chosen=False,
        longer=LONGER,
        attempts=[_attempt(rows, name) for name in LEARNED if name != BASE],
        costs=[f"{rounding(rows[n]).mean:+.3f} ({LEARNED[n].words})" for n in AT_THE_END],
        best=LEARNED[best(rows, list(LEARNED))].words,
        controls=[_control(rows, kind) for kind in CONTROLS],
        accuracies=_accuracies(rows, lines()),
        roundings=markdown_table(
            ["delays", "training kernel", "rounded", "loss, 95 % interval"],
            [
                [
                    LEARNED[name].words,
                    spread(values(rows[name], "test_with_training_kernel")),
                    spread(values(rows[name], "test")),
                    str(rounding(rows[name])),
                ]
                for name in AT_THE_END
            ],
        ),
        code_accuracies=_accuracies(code, CODE),
        code_differences=markdown_table(
            ["difference of", "and", "test accuracy, 95 % interval"],
            [
                [CODE[high].words, CODE[low].words, str(difference(code, high, low))]
                for high, low in CODE_QUESTIONS
            ],
        ),
    )


def _attempt(rows: dict[str, list[Row]], name: str) -> dict[str, str]:
    """What an attempt changed, on validation and on test data."""
    on = difference(rows, name, BASE, "validation")
    return {
        "words": LEARNED[name].words,
        "how": "helped" if on.positive else "hurt" if on.negative else "not told apart",
        "validation": str(on),
        "test": str(difference(rows, name, BASE)),
    }


def _control(rows: dict[str, list[Row]], kind: str) -> dict[str, str]:
    """The best attempt beside the best control of a kind, on test data."""
    control = best(rows, list(CONTROLS[kind]))
    apart = difference(rows, best(rows, list(LEARNED)), control)
    return {
        "how": _report.beside(apart),
        "beside": BESIDE[kind],
        "words": CONTROLS[kind][control].words,
        "apart": str(apart),
    }


def _accuracies(rows: dict[str, list[Row]], arms: dict[str, Arm]) -> str:
    return markdown_table(
        ["delays", "trained", "validation", "test"],
        [
            [
                arms[name].words,
                found[0]["trained_parameters"],
                spread(values(found, "validation")),
                spread(values(found, "test")),
            ]
            for name, found in rows.items()
        ],
    )


def _numbers(rows: dict[str, list[Row]]) -> dict[str, Any]:
    names = ("validation", "test", "test_with_training_kernel")
    return {
        name: {
            "settings": dict(found[0]["changes"]) | {"seed": [r["changes"]["seed"] for r in found]},
            "trained_parameters": found[0]["trained_parameters"],
            **{key: values(found, key) for key in names},
        }
        for name, found in rows.items()
    }
