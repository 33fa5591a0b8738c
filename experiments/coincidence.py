"""Learned against fixed and no delays, at equal numbers of trained parameters."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonal._base.statistics import Difference, order, paired, spread
from axonal._base.sweeps import Row, Store
from axonal.recipes import coincidence
from axonal.recipes._runs import Run
from experiments import _coincidence_figure, _report

ORDER = "learned > fixed > none"
CLASSES = (2, 4, 8)
HIDDEN = (4, 8, 16, 64)
MEMORYLESS, LONG = 1.005, 10.0
# the longer membrane is a control, at the middle of the sweep
CONTROL = tuple((classes, 8) for classes in CLASSES)


@dataclass(frozen=True)
class Point:
    """A task and a size for which the three arms are compared.

    Args:
        tau: membrane time constant in steps.
        classes: number of lags.
        hidden: neurons of the arm with learned delays.
    """

    tau: float
    classes: int
    hidden: int

    def runs(self, arm: str) -> list[Run]:
        """The runs of an arm, one a seed."""
        changes = {
            "arm": arm,
            "classes": self.classes,
            "hidden": self.hidden,
            "tau": self.tau,
        }
        return [Run("coincidence", {"seed": seed, **changes}) for seed in _report.SEEDS]


@dataclass(frozen=True)
class Comparison:
    """What the arms reached at a point.

    Args:
        point: the task and the size.
        test: accuracies of each arm, a seed each.
        trained: trained parameters of each arm.
    """

    point: Point
    test: dict[str, list[float]]
    trained: dict[str, int]

    @property
    def learned_fixed(self) -> Difference:
        """Paired difference of learned and fixed delays."""
        return paired(self.test["learned"], self.test["fixed"])

    @property
    def fixed_none(self) -> Difference:
        """Paired difference of fixed and no delays."""
        return paired(self.test["fixed"], self.test["none"])

    @property
    def verdict(self) -> str:
        """The order that holds beyond the intervals."""
        return order(coincidence.ARMS, (self.learned_fixed, self.fixed_none))

    def to_json(self) -> dict[str, Any]:
        """All numbers, for the file beside the report."""
        point, pairs = self.point, {"learned_fixed": self.learned_fixed}
        pairs["fixed_none"] = self.fixed_none
        return {
            "tau": point.tau,
            "classes": point.classes,
            "hidden": point.hidden,
            "trained_parameters": self.trained,
            "test": self.test,
            **{name: {"mean": d.mean, "half_width_95": d.half} for name, d in pairs.items()},
            "verdict": self.verdict,
        }


def points() -> Iterator[Point]:
    """The sweep with memoryless neurons, then the control."""
    for classes in CLASSES:
        for hidden in HIDDEN:
            yield Point(MEMORYLESS, classes, hidden)
    for classes, hidden in CONTROL:
        yield Point(LONG, classes, hidden)


def plan() -> list[Run]:
    """Every point and arm, a run a seed."""
    return [run for p in points() for arm in coincidence.ARMS for run in p.runs(arm)]


def compare(store: Store, point: Point) -> Comparison:
    """Read the runs of a point."""
    found: dict[str, list[Row]] = {
        arm: [store.find(run) for run in point.runs(arm)] for arm in coincidence.ARMS
    }
    return Comparison(
        point,
        {arm: [row["test"] for row in rows] for arm, rows in found.items()},
        {arm: rows[0]["trained_parameters"] for arm, rows in found.items()},
    )


def write(store: Store, out: Path) -> list[Path]:
    """Write coincidence.md, coincidence.json and coincidence.png."""
    compared = [compare(store, point) for point in points()]
    rows = [store.find(run) for run in plan()]
    name = "coincidence.png"
    lines = report(compared, rows, name)
    numbers = {"points": [c.to_json() for c in compared]}
    return [
        _report.write_text(out / "coincidence.md", lines),
        _report.write_data(out / "coincidence.json", numbers),
        _report.save(_coincidence_figure.draw(compared), out / name),
    ]


def report(compared: list[Comparison], rows: list[Row], figure: str) -> list[str]:
    """Lines of coincidence.md, all of whose statements are computed from the comparisons."""
    main = [c for c in compared if c.point.tau == MEMORYLESS]
    control = [c for c in compared if c.point.tau != MEMORYLESS]
    task = coincidence.Settings()
    return [
        "# Coincidence: learned, fixed and no delays",
        "",
        "Asked: do learned delays beat fixed random ones, and these no delays, when all three",
        "train the same number of parameters and the task needs memory?",
        "",
        f"Task: two groups of {task.channels} inputs fire volleys {task.period} steps apart; the",
        f"class is the lag between the groups, {task.shortest_lag} to {task.longest_lag} steps. A",
        f"spike of a volley is missing with probability {task.lost}, and {task.background} spikes",
        "a step and input belong to none. Counts and each group alone do not tell the class.",
        f"Neurons and readout with a time constant of {MEMORYLESS} steps keep nothing to the next",
        "step, so that without delays chance is all that can be reached.",
        "",
        "Fixed delays are random whole steps. The arms without learned delays have more hidden",
        "neurons, rounded up in their favour; delays are rounded and frozen for the last third.",
        "",
        f"## Found with memoryless neurons (tau = {MEMORYLESS} steps)",
        "",
        *_found(main),
        "",
        f"![Accuracy over hidden neurons and classes]({figure})",
        "",
        *_accuracies(main),
        "",
        *_differences(main),
        "",
        f"## Control: a longer membrane (tau = {LONG:g} steps)",
        "",
        *_found(control),
        *_memory(control),
        "",
        *_accuracies(control),
        "",
        *_differences(control),
        "",
        "Accuracies are means ± standard deviations over seeds. Differences are paired by seed,",
        "which also draws the data, with 95 % intervals of Student's t; they are not corrected for",
        f"the number of comparisons, {2 * len(compared)}.",
        "",
        "## What may not be claimed",
        "",
        "- The task was made to need delays, and is the one of about six variants, tried on",
        "  validation data, in which learned and fixed delays come apart. It shows what learned",
        "  delays can do, not that a given real task needs them.",
        "- Equal are the trained parameters. The arms without learned delays have more neurons",
        "  and synapses for it, which cost room on a chip.",
        "- Settings were chosen at 4 classes and 8 neurons with memoryless neurons, on validation",
        "  data of seeds from 100, in 12 trials with learned and 9 with fixed delays, and are the",
        "  same for all arms and points; other points may be far from the best of each arm. With",
        "  8 classes learned delays still gained from longer training.",
        "- At 8 classes and 64 neurons training with learned delays is unstable: single seeds end",
        "  far below the others, so the mean there says little of what the arm can reach.",
        "- The control is this membrane in one hidden layer with a memoryless readout; networks",
        "  with other kinds of memory were not tried.",
        "",
        *_report.provenance(rows, "coincidence"),
    ]


def _found(compared: list[Comparison]) -> list[str]:
    """Which order holds where: a line for every verdict."""
    lines = []
    for found in sorted({c.verdict for c in compared}, key=lambda v: (v != ORDER, v)):
        where = [f"{c.point.classes}/{c.point.hidden}" for c in compared if c.verdict == found]
        lines.append(f"- {found}: at {len(where)} of {len(compared)} points ({', '.join(where)})")
    return [
        "Beyond the intervals (points are classes/hidden neurons of the learned arm):",
        "",
        *lines,
    ]


def _memory(compared: list[Comparison]) -> list[str]:
    """How far the longer membrane alone comes above chance."""
    above = [
        f"{statistics.fmean(c.test['none']):.3f} for a chance of {1 / c.point.classes:.3f}"
        f" ({c.point.classes}/{c.point.hidden})"
        for c in compared
    ]
    return ["", f"The membrane without delays reaches {', '.join(above)}."]


def _accuracies(compared: list[Comparison]) -> list[str]:
    return _report.table(
        ["classes", "hidden", "trained parameters (learned / others)", *coincidence.ARMS],
        [
            [
                c.point.classes,
                c.point.hidden,
                f"{c.trained['learned']} / {c.trained['fixed']}",
                *[spread(c.test[arm]) for arm in coincidence.ARMS],
            ]
            for c in compared
        ],
    )


def _differences(compared: list[Comparison]) -> list[str]:
    return _report.table(
        ["classes", "hidden", "learned - fixed", "fixed - none", "beyond the intervals"],
        [
            [
                c.point.classes,
                c.point.hidden,
                str(c.learned_fixed),
                str(c.fixed_none),
                c.verdict,
            ]
            for c in compared
        ],
    )
