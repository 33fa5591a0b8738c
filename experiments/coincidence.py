"""Learned against fixed and no delays, at equal numbers of trained parameters."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonal._base.statistics import Difference, order, paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
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
        """The runs of an arm, one per seed."""
        changes = {
            "arm": arm,
            "classes": self.classes,
            "hidden": self.hidden,
            "tau": self.tau,
        }
        return [Run("coincidence", {"seed": seed, **changes}) for seed in _report.SEEDS]


@dataclass(frozen=True)
class Comparison:
    """Accuracies of the arms at a point.

    Args:
        point: the task and the size.
        test: accuracies of each arm, one per seed.
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
    """Every point and arm, one run per seed."""
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


def report(compared: list[Comparison], rows: list[Row], figure: str) -> str:
    """Text of coincidence.md, all of whose statements are computed from the comparisons."""
    main = [c for c in compared if c.point.tau == MEMORYLESS]
    control = [c for c in compared if c.point.tau != MEMORYLESS]
    task = coincidence.Settings()
    return _report.page(
        "coincidence",
        "coincidence",
        rows,
        channels=task.channels,
        period=task.period,
        shortest_lag=task.shortest_lag,
        longest_lag=task.longest_lag,
        lost=task.lost,
        background=task.background,
        memoryless=MEMORYLESS,
        main=_told(main),
        figure=figure,
        long=f"{LONG:g}",
        control=_told(control),
        memory=_memory(control),
        comparisons=2 * len(compared),
    )


def _told(compared: list[Comparison]) -> dict[str, Any]:
    """Points at which each order holds, and the tables."""
    orders = sorted({c.verdict for c in compared}, key=lambda v: (v != ORDER, v))
    return {
        "orders": {
            order: [f"{c.point.classes}/{c.point.hidden}" for c in compared if c.verdict == order]
            for order in orders
        },
        "count": len(compared),
        "accuracies": _accuracies(compared),
        "differences": _differences(compared),
    }


def _memory(compared: list[Comparison]) -> list[str]:
    """Accuracy above chance of the longer membrane alone."""
    return [
        f"{statistics.fmean(c.test['none']):.3f} for a chance of {1 / c.point.classes:.3f}"
        f" ({c.point.classes}/{c.point.hidden})"
        for c in compared
    ]


def _accuracies(compared: list[Comparison]) -> str:
    return markdown_table(
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


def _differences(compared: list[Comparison]) -> str:
    return markdown_table(
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
