"""Archetypes of real images, learned from noisy examples by memories of two, four and six spins."""

import statistics
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axonal._base.colours import BLUE, GREEN, VERMILION
from axonal._base.statistics import half_width, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes.figures import GREY
from experiments import _report
from experiments._archetypes_memory import (
    ARMS,
    EXAMPLES,
    QUALITIES,
    READERS,
    STARTS,
    TESTED,
    USUAL_EXAMPLES,
    USUAL_QUALITY,
    Repeat,
)

NAMES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
STYLES = {
    "P = 2": (GREY, "x", ":"),
    "P = 2, projection": ("black", "+", "--"),
    "P = 4": (VERMILION, "s", "-"),
    "P = 6": (GREEN, "^", "-"),
    "P = 10": (BLUE, "o", "-"),
}
Rows = dict[str, list[Row]]


def plan() -> list[Repeat]:
    """Every data set, one repeat per seed."""
    return [Repeat(data, seed) for data in READERS for seed in _report.SEEDS]


def write(store: Store, out: Path) -> list[Path]:
    """Write archetypes.md, archetypes.json and archetypes.png."""
    rows = {data: [store.find(Repeat(data, seed)) for seed in _report.SEEDS] for data in READERS}
    numbers = {
        data: [{key: row[key] for key in ("changes", "copies", "classes")} for row in found]
        for data, found in rows.items()
    }
    return [
        _report.write_text(out / "archetypes.md", _page(rows)),
        _report.write_data(out / "archetypes.json", numbers),
        _report.save(draw(rows), out / "archetypes.png"),
    ]


def _values(rows: list[Row], r: float, M: int, arm: str, what: str) -> list[float]:
    return [
        copy[arm][what]
        for row in rows
        for copy in row["copies"]
        if (copy["r"], copy["M"]) == (r, M)
    ]


def _page(rows: Rows) -> str:
    """Text of archetypes.md."""
    return _report.page(
        "archetypes",
        "archetypes",
        [row for found in rows.values() for row in found],
        "repeats",
        chosen=False,
        found=[_found(data, found) for data, found in rows.items()],
        sections=[_section(data, found) for data, found in rows.items()],
        examples=USUAL_EXAMPLES,
        quality=f"{USUAL_QUALITY:g}",
        seeds=len(_report.SEEDS),
        starts=10 * STARTS,
        tested=TESTED,
        classes=_classes(rows),
    )


def _section(data: str, rows: list[Row]) -> dict[str, str]:
    mean, most = (statistics.fmean(r["overlap_of_archetypes"][k] for r in rows) for k in (0, 1))
    return {
        "name": NAMES[data],
        "mean": f"{mean:.2f}",
        "most": f"{most:.2f}",
        "right": _table(rows, "r", [(r, USUAL_EXAMPLES) for r in QUALITIES], "right"),
        "overlap": _table(rows, "M", [(USUAL_QUALITY, M) for M in EXAMPLES], "overlap"),
    }


def _classes(rows: Rows) -> str:
    arms = ("no dynamics", *ARMS)
    return markdown_table(
        ["data", *arms],
        [
            [NAMES[data], *(spread([row["classes"][arm] for row in found]) for arm in arms)]
            for data, found in rows.items()
        ],
    )


def _found(data: str, rows: list[Row]) -> dict[str, Any]:
    """Shares of starts that end right, and the memories of which fewer than half do."""
    shares = {
        arm: statistics.fmean(_values(rows, 0.6, USUAL_EXAMPLES, arm, "right")) for arm in ARMS
    }
    return {
        "name": NAMES[data],
        "right": [f"{share:.2f} with {arm}" for arm, share in shares.items()],
        "failing": [arm for arm, share in shares.items() if share < 0.5],
    }


def _table(rows: list[Row], name: str, settings: list[tuple[float, int]], what: str) -> str:
    return markdown_table(
        [name, *ARMS],
        [
            [
                f"{r if name == 'r' else M:g}",
                *(spread(_values(rows, r, M, arm, what)) for arm in ARMS),
            ]
            for r, M in settings
        ],
    )


def draw(rows: Rows) -> Figure:
    """Overlap with the archetype over quality and over number of examples, one row per data set."""
    figure = Figure(figsize=(9, 3.1 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), 2, sharey=True, squeeze=False)
    for row, (data, found) in zip(axes, rows.items(), strict=True):
        curve(row[0], found, "r").set_title(f"{NAMES[data]}, M = {USUAL_EXAMPLES}", fontsize=10)
        curve(row[1], found, "M").set_title(f"{NAMES[data]}, r = {USUAL_QUALITY:g}", fontsize=10)
        row[0].set_ylabel("overlap with the archetype")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def curve(ax: Axes, rows: list[Row], over: str) -> Axes:
    """Overlap of every memory over r or M, with 95 % intervals of the mean over seeds.

    Args:
        ax: where to draw.
        rows: a repeat each, of one data set.
        over: "r" or "M".

    Returns:
        ``ax``.
    """
    settings: list[Any] = [(r, USUAL_EXAMPLES) for r in QUALITIES]
    if over == "M":
        settings = [(USUAL_QUALITY, M) for M in EXAMPLES]
        ax.set_xscale("log")
    for arm, (colour, marker, line) in STYLES.items():
        values = [_values(rows, r, M, arm, "overlap") for r, M in settings]
        ax.errorbar(
            [r if over == "r" else M for r, M in settings],
            [statistics.fmean(v) for v in values],
            [half_width(v) for v in values],
            color=colour,
            marker=marker,
            linestyle=line,
            capsize=2,
            label=arm,
        )
    ax.set_xlabel("quality r of an example" if over == "r" else "examples M of an archetype")
    return ax
