"""Angles between local, surrogate and exact gradients of one network, along training."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axonal._base.colours import BLACK, BLUE, GREEN, ORANGE, VERMILION
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from experiments import _gradient_angles_jobs as jobs
from experiments import _report
from experiments._gradient_angles_jobs import Angles

SEEDS = (0, 1, 2)
SHOWN = {
    "exact, surrogate": ("surrogate to exact", BLACK),
    "exact, local": ("e-prop to exact", BLUE),
    "exact, three-factor": ("three-factor to exact", VERMILION),
    "surrogate, local": ("e-prop to surrogate", GREEN),
    "surrogate, three-factor": ("three-factor to surrogate", ORANGE),
}
"""Words and colours of the pairs in the figure."""
WORDS = {
    "exact": "exact, continuous time",
    "grid": "EventProp on the grid",
    "surrogate": "surrogate, through time",
    "local": "e-prop, symmetric",
    "three-factor": "three-factor, random feedback",
}


def plan() -> list[Angles]:
    """One network for each seed."""
    return [Angles(seed) for seed in SEEDS]


def write(store: Store, out: Path) -> list[Path]:
    """Write gradient_angles.md, gradient_angles.json and gradient_angles.png."""
    rows = [store.find(job) for job in plan()]
    tables = {
        f"{part}_{when}": _table(rows, part, epoch)
        for part in jobs.PARTS
        for when, epoch in (("first", 0), ("last", -1))
    }
    page = _report.page(
        "gradient_angles",
        "gradient-angles",
        rows,
        chosen=False,
        **tables,
        test=_spread([100 * row["test"] for row in rows]),
        rates=" to ".join(
            f"{statistics.fmean(row['epochs'][k]['rate'] for row in rows):.3f}" for k in (0, -1)
        ),
        found=_found(rows),
        each=_each_table(rows),
        watched=jobs.WATCHED,
        epochs=jobs.EPOCHS,
        hidden=jobs.HIDDEN,
        delay=jobs.DELAY,
        back=jobs.BACK,
    )
    return [
        _report.write_text(out / "gradient_angles.md", page),
        _report.write_data(
            out / "gradient_angles.json",
            {str(s): row["epochs"] for s, row in zip(SEEDS, rows, strict=True)},
        ),
        _report.save(figure(rows), out / "gradient_angles.png"),
    ]


def angles(rows: Sequence[Row], pair: str, part: str, epoch: int) -> list[float]:
    """Angles of a pair over seeds in degrees, without those of gradients that are zero."""
    found = (row["epochs"][epoch]["angles"][pair][part] for row in rows)
    return [degrees for degrees in found if degrees is not None]


def _found(rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """Angles after training that stand in sentences."""
    return {
        part: {
            pair.replace(", ", "_").replace("-", "_"): _spread(angles(rows, pair, part, -1))
            for pair in SHOWN
        }
        for part in jobs.PARTS
    }


def _spread(values: Sequence[float]) -> str:
    if len(values) < 2:
        return "none" if not values else f"{values[0]:.1f}"
    return f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f}"


def _table(rows: Sequence[Row], part: str, epoch: int) -> str:
    lines = []
    for one in jobs.WAYS:
        line = [WORDS[one]]
        for other in jobs.WAYS:
            pair = f"{one}, {other}"
            known = pair in rows[0]["epochs"][0]["angles"]
            line.append(_spread(angles(rows, pair, part, epoch)) if known else "")
        lines.append(line)
    return markdown_table(["degrees", *(WORDS[way] for way in jobs.WAYS)], lines)


def _each_table(rows: Sequence[Row]) -> str:
    lines = []
    for pair, (words, _) in SHOWN.items():
        for part in jobs.PARTS:
            line = [words, part]
            for when in (0, -1):
                found = [row["each"][when][pair][part] for row in rows]
                known = [few["quartiles"] for few in found if few["recordings"]]
                line += [_spread([quartiles[k] for quartiles in known]) for k in range(3)]
            lines.append(line)
    header = [
        f"{quartile}, {when}"
        for when in ("before", "after")
        for quartile in ("25 %", "median", "75 %")
    ]
    return markdown_table(["pair", "of", *header], lines)


def figure(rows: Sequence[Row]) -> Figure:
    """Draw the angles over the passes of training, weights and delays apart."""
    made = Figure(figsize=(8, 3.6), layout="constrained")
    for ax, part in zip(made.subplots(1, 2, sharey=True), jobs.PARTS, strict=True):
        for pair, (words, colour) in SHOWN.items():
            _curve(ax, rows, pair, part, words, colour)
        ax.axhline(90, color=BLACK, linewidth=0.6, linestyle=":")
        ax.set(title=part, xlabel="passes over the training set", ylim=(0, 120))
    made.axes[0].set_ylabel("angle (degrees)")
    made.legend(*made.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return made


def _curve(ax: Axes, rows: Sequence[Row], pair: str, part: str, words: str, colour: str) -> None:
    epochs = range(len(rows[0]["epochs"]))
    values = [angles(rows, pair, part, epoch) for epoch in epochs]
    places = [epoch for epoch, few in zip(epochs, values, strict=True) if few]
    shown = [few for few in values if few]
    ax.errorbar(
        places,
        [statistics.fmean(few) for few in shown],
        [statistics.stdev(few) if len(few) > 1 else 0.0 for few in shown],
        color=colour,
        marker="o",
        markersize=3,
        capsize=2,
        label=words,
    )
