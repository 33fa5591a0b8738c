"""MNIST by rows and by pixels: event-based gated units (EGRU) beside a GRU."""

import statistics
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axonal._base.colours import BLUE, CYCLE, VERMILION
from axonal._base.statistics import paired
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._compare import values
from axonal.recipes._runs import Followed, Run
from axonal.recipes.egru_smnist import COMPARISON, Settings
from axonal.recipes.figures import GREY
from experiments import _report
from experiments._sequence_reach import BACK, Reach
from experiments._sequence_tables import accuracies, difference

PART = "sequence"
RECIPE = "egru-smnist"
SEEDS = (0, 1, 2)
STRENGTHS = (0.0, 0.01, 0.03, 0.1, 0.3)
"""Of the penalty on activity; one seed each, and half of the epochs."""
SHORT = Settings().epochs // 2
SLOW: dict[str, Any] = {
    "order": "pixels",
    "hidden": 64,
    "samples": 10_000,
    "epochs": 4,
    "learning_rate": 6e-3,
}
"""Pixel by pixel, beside what an entry of `CAUSES` changes."""
CAUSES: dict[str, dict[str, Any]] = {
    "GRU": {"arm": "gru"},
    "EGRU": {"activity": 0.0},
    "EGRU, keeps": {"activity": 0.0, "keeping": 3.0},
    "EGRU, keeps, low thresholds": {"activity": 0.0, "keeping": 3.0, "threshold_mean": 0.05},
    "EGRU, keeps longer, low thresholds": {
        "activity": 0.0,
        "keeping": 5.0,
        "threshold_mean": 0.05,
    },
}
WITHIN, BELOW = 1.0, 0.35
GOAL_WITHIN, GOAL_BELOW = 0.5, 0.20
"""Points behind the GRU, and events per unit and step, that were demanded and aimed at."""
GOAL_PIXELS = 2.0


def rows_runs(arm: str) -> list[Run]:
    """Rows of pixels by an arm, one per seed."""
    return [Run(RECIPE, {"seed": seed, "arm": arm}) for seed in SEEDS]


def curve() -> dict[float, Run]:
    """EGRU by the strength of the penalty on activity."""
    shared = {"seed": 0, "arm": "egru", "epochs": SHORT}
    return {a: Run(RECIPE, {**shared, "activity": a}) for a in STRENGTHS}


def pixels() -> dict[str, Followed]:
    """Pixel by pixel, with what may be the cause of slow learning changed."""
    return {words: Followed(RECIPE, {"seed": 0, **SLOW, **own}) for words, own in CAUSES.items()}


def reaches() -> dict[str, Reach]:
    """Gradients over time of the same networks before training."""
    return {words: Reach({"seed": 0, **SLOW, **own}) for words, own in CAUSES.items()}


def plan() -> list[Run | Reach]:
    """All jobs."""
    wanted = [*rows_runs("gru"), *rows_runs("egru"), *curve().values(), *pixels().values()]
    return [*{run.key: run for run in wanted}.values(), *reaches().values()]


def write(store: Store, out: Path) -> list[Path]:
    """Write sequence.md, sequence.json and sequence.png."""
    rows = {arm: [store.find(run) for run in rows_runs(arm)] for arm in ("gru", "egru")}
    bent = {strength: store.find(run) for strength, run in curve().items()}
    slow = {words: store.find(run) for words, run in pixels().items()}
    page = _report.page(
        "sequence",
        PART,
        [store.find(run) for run in plan()],
        chosen=False,
        settings=Settings(),
        seeds=len(SEEDS),
        table=accuracies(
            {COMPARISON.arms[arm].words: few for arm, few in rows.items()}, tested=Settings().tested
        ),
        sparsity=f"{statistics.fmean(values(rows['egru'], 'backward_sparsity')):.2f}",
        behind=difference(rows["gru"], rows["egru"]),
        verdicts=verdicts(rows),
        curve=_curve(bent),
        short=SHORT,
        slow=Settings(**SLOW),
        pixels=_pixels(slow),
        reach=_reach({words: store.find(job) for words, job in reaches().items()}),
        gap=f"{100 * (slow['GRU']['test'] - _best(slow)[1]):.1f}",
        best=_best(slow)[0],
        goal_pixels=f"{GOAL_PIXELS:g}",
    )
    numbers = {
        "rows": {arm: {"test": values(few, "test")} for arm, few in rows.items()},
        "activity": {f"{a:g}": {k: r[k] for k in ("test", "rates")} for a, r in bent.items()},
        "pixels": {w: {k: r[k] for k in ("test", "rates", "curve")} for w, r in slow.items()},
    }
    return [
        _report.write_text(out / "sequence.md", page),
        _report.write_data(out / "sequence.json", numbers),
        _report.save(_figure(rows, bent, slow), out / "sequence.png"),
    ]


def rate(row: Row) -> float:
    """Events per unit and step of a test run."""
    return statistics.fmean(row["rates"].values())


def verdicts(rows: dict[str, list[Row]]) -> list[str]:
    """The demand and the goal, and whether the means meet them."""
    behind = 100 * paired(values(rows["gru"], "test"), values(rows["egru"], "test")).mean
    events = statistics.fmean(map(rate, rows["egru"]))
    lines = []
    for name, points, share in (
        ("demanded", WITHIN, BELOW),
        ("aimed at", GOAL_WITHIN, GOAL_BELOW),
    ):
        met = "met" if behind <= points and events <= share else "**not met**"
        lines.append(
            f"{name}: within {points:.1f} points of the GRU at {100 * share:.0f} % of events or "
            f"fewer: {behind:.2f} points at {100 * events:.1f} %, {met}"
        )
    return lines


def _curve(bent: dict[float, Row]) -> str:
    return markdown_table(
        ["penalty", "events", "backward sparsity", "test", "validation"],
        [
            [
                f"{strength:g}",
                f"{rate(row):.3f}",
                f"{row['backward_sparsity']:.3f}",
                f"{row['test']:.4f}",
                f"{row['validation']:.4f}",
            ]
            for strength, row in bent.items()
        ],
    )


def _pixels(slow: dict[str, Row]) -> str:
    epochs = len(next(iter(slow.values()))["curve"])
    return markdown_table(
        ["network", *(f"after {k + 1}" for k in range(epochs)), "test", "events", "CPU (s)"],
        [
            [
                words,
                *(f"{found:.3f}" for found in row["curve"]),
                f"{row['test']:.4f}",
                f"{rate(row):.3f}" if row["rates"] else "-",
                f"{row['cpu_seconds']:.0f}",
            ]
            for words, row in slow.items()
        ],
    )


def _reach(rows: dict[str, Row]) -> str:
    return markdown_table(
        ["network, untrained", *(f"{back} steps back" for back in BACK)],
        [
            [words, *(f"{row['reach'][str(back)]:.0e}" for back in BACK)]
            for words, row in rows.items()
        ],
    )


def _best(slow: dict[str, Row]) -> tuple[str, float]:
    """The gated units with events that end highest in validation, and their test accuracy."""
    words = max((w for w in slow if w != "GRU"), key=lambda w: float(slow[w]["validation"]))
    return words, slow[words]["test"]


def _figure(rows: dict[str, list[Row]], bent: dict[float, Row], slow: dict[str, Row]) -> Figure:
    figure = Figure(figsize=(10.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_curve(left, rows, bent)
    for colour, (words, row) in zip(CYCLE, slow.items(), strict=False):
        epochs = range(1, len(row["curve"]) + 1)
        right.plot(epochs, row["curve"], marker=".", color=colour, label=words)
    right.set(xlabel="epoch", ylabel="validation accuracy (share)", title="pixel by pixel")
    right.legend(fontsize=7)
    return figure


def _draw_curve(ax: Axes, rows: dict[str, list[Row]], bent: dict[float, Row]) -> Axes:
    points = sorted((rate(row), row["test"]) for row in bent.values())
    ax.plot(*zip(*points, strict=True), marker="o", color=VERMILION, label="EGRU by penalty")
    gru = values(rows["gru"], "test")
    ax.axhline(statistics.fmean(gru), color=BLUE, linestyle="--", label="GRU")
    ax.axvline(BELOW, color=GREY, linewidth=0.8, linestyle=":")
    ax.set(xlabel="events per unit and step", ylabel="test accuracy (share)", title="by rows")
    ax.legend(fontsize=8)
    return ax
