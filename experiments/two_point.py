"""Two-point cells: spoken digits in noise, with noisy pictures of the digits as context."""

import statistics
from pathlib import Path
from typing import Any

from axonal._base.statistics import paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.neuro.layers.two_point import TRANSFERS
from experiments import _report
from experiments._two_point_jobs import ARMS, EPOCHS, PICTURE_NOISE, SOUND_NOISE, STEPS, Trained

SEEDS = (0, 1, 2, 3, 4)
CONTROLS = ("additive", "shuffled", "no context", "no sound")


def plan() -> list[Trained]:
    """All jobs."""
    return [Trained(arm, seed) for seed in SEEDS for arm in ARMS]


def write(store: Store, out: Path) -> list[Path]:
    """Write two_point.md and two_point.json."""
    found = {arm: [store.find(Trained(arm, seed)) for seed in SEEDS] for arm in ARMS}
    tests = {arm: [row["test"] for row in rows] for arm, rows in found.items()}
    against = {
        f"{arm} less {control}": paired(tests[arm], tests[control], len(TRANSFERS))
        for control in ("no context", "additive")
        for arm in TRANSFERS
    }
    page = _report.page(
        "two_point",
        "two-point",
        [row for rows in found.values() for row in rows],
        chosen=False,
        table=markdown_table(
            ["cells", "test", "validation", "no context in the test", "wrong context", "active",
             "number", "parameters"],
            [_line(arm, rows) for arm, rows in found.items()],
        ),
        differences={words: str(d) for words, d in against.items()},
        helps=all(against[f"{arm} less no context"].positive for arm in TRANSFERS),
        above=[arm for arm in TRANSFERS if against[f"{arm} less additive"].positive],
        below=[arm for arm in TRANSFERS if against[f"{arm} less additive"].negative],
        sound_noise=SOUND_NOISE,
        picture_noise=PICTURE_NOISE,
        steps=STEPS,
        epochs=EPOCHS,
        seeds=len(SEEDS),
        comparisons=len(TRANSFERS),
    )  # fmt: skip
    return [
        _report.write_text(out / "two_point.md", page),
        _report.write_data(out / "two_point.json", tests),
    ]


def _line(arm: str, rows: list[Row]) -> list[Any]:
    def each(name: str) -> list[float]:
        return [row[name] for row in rows]

    return [
        ARMS[arm],
        spread(each("test")),
        spread(each("validation")),
        f"{statistics.fmean(each('without_context')):.3f}",
        f"{statistics.fmean(each('wrong_context')):.3f}",
        f"{statistics.fmean(each('active')):.2f}",
        rows[0]["cells"],
        rows[0]["trained_parameters"],
    ]
