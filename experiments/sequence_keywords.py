"""Spoken digits: LMUFormer, its spiking form and EGRU beside delay networks of equal size."""

from pathlib import Path

from axonal._base.sweeps import Row, Store
from axonal.recipes import keywords, spoken_digits
from axonal.recipes._compare import values
from axonal.recipes._runs import Run
from experiments import _report
from experiments._sequence_tables import accuracies, difference

PART = "sequence-keywords"
SEEDS = keywords.COMPARISON.seeds
CONTROLS = ("frozen", "fixed, equal", "none, long")
"""Arms of spoken-digits that hear the same events."""
TESTED = 300
GOAL = 1.0
"""Points within which the spiking model should be."""


def runs(arm: str) -> list[Run]:
    """The runs of an arm, one per seed."""
    changes = keywords.COMPARISON.arms[arm].changes
    return [Run("keywords", {"seed": seed, **changes}) for seed in SEEDS]


def controls(arm: str) -> list[Run]:
    """The runs of a delay network, one per seed; its own experiment has most of them."""
    changes = spoken_digits.COMPARISON.changes(
        spoken_digits.COMPARISON.arms[arm], keywords.SPLITS[0], {}
    )
    return [Run("spoken-digits", one) for one in changes if one["seed"] in SEEDS]


def plan() -> list[Run]:
    """Every arm and seed, and the delay networks."""
    own = [run for arm in keywords.ARMS for run in runs(arm)]
    return [*own, *(run for arm in CONTROLS for run in controls(arm))]


def write(store: Store, out: Path) -> list[Path]:
    """Write sequence_keywords.md and .json."""
    rows = {arm: [store.find(run) for run in runs(arm)] for arm in keywords.ARMS}
    beside = {arm: [store.find(run) for run in controls(arm)] for arm in CONTROLS}
    words = {arm: keywords.COMPARISON.arms[arm].words for arm in rows}
    words |= {arm: f"delays: {spoken_digits.COMPARISON.arms[arm].words}" for arm in beside}
    everything = {**rows, **beside}
    page = _report.page(
        "sequence_keywords",
        PART,
        [row for few in everything.values() for row in few],
        chosen=False,
        settings=keywords.Settings(),
        rates=", ".join(
            f"{runs(arm)[0].settings.learning_rate:g} ({words[arm]})" for arm in keywords.ARMS
        ),
        goal=f"{GOAL:g}",
        table=accuracies({words[arm]: few for arm, few in everything.items()}, tested=TESTED),
        differences=differences(rows, beside, words),
    )
    numbers = {
        arm: {name: values(few, name) for name in ("test", "validation", "seconds")}
        for arm, few in everything.items()
    }
    return [
        _report.write_text(out / "sequence_keywords.md", page),
        _report.write_data(out / "sequence_keywords.json", numbers),
    ]


def differences(
    rows: dict[str, list[Row]], beside: dict[str, list[Row]], words: dict[str, str]
) -> list[str]:
    """The difference that was asked for first, then each arm less the delay network."""
    pairs = [("spiking-lmuformer", "lmuformer"), ("egru", "lmuformer")]
    pairs += [(arm, CONTROLS[0]) for arm in rows]
    both = {**rows, **beside}
    return [f"{words[a]} less {words[b]}: {difference(both[a], both[b])}" for a, b in pairs]
