"""Kernels that delays are learned by, and freezing before the end or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonal._base.statistics import spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._compare import difference, rounding, values
from axonal.recipes._runs import Run
from axonal.recipes.spoken_digits import COMPARISON
from experiments import _report
from experiments._kernel_runs import FIXED, NONE, KernelRun

PART = "delay-kernels"
KERNELS = ("gaussian", "triangle", "two-tap", "straight-through")
WORDS = {kernel: kernel for kernel in KERNELS} | {"gaussian": "Gaussian", "two-tap": "two taps"}
FROZEN, AT_THE_END = "frozen for the last third", "rounded at the end"
ENDS: dict[str, dict[str, Any]] = {FROZEN: {}, AT_THE_END: {"freeze_from": 1.0}}
LEARNED = {
    f"{kernel}, {end}": (kernel, end, f"{WORDS[kernel]}, {end}")
    for end in ENDS
    for kernel in KERNELS
}
DEFAULT = f"gaussian, {FROZEN}"
CONTROLS = {
    "fixed": "fixed random",
    "fixed, equal": "fixed random, as many trained parameters",
    "none": "none",
}
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Task:
    """A recipe on which kernels are compared.

    Args:
        words: for the page.
        recipe: its name.
        seeds: a run each; where older experiments have the same runs, these are theirs.
        own: kernels that the recipe itself has a setting for.
        controls: settings of the controls, or a width for those that the recipe has no arm for.
    """

    words: str
    recipe: str
    seeds: tuple[int, ...]
    own: tuple[str, ...]
    controls: dict[str, dict[str, Any]]

    def learned(self, kernel: str, end: str) -> list[Run]:
        """Runs whose delays are learned, one run per seed."""
        return [self._run(kernel, {"seed": seed, **self._rest, **ENDS[end]}) for seed in self.seeds]

    def control(self, name: str) -> list[Run]:
        """Runs whose delays are not learned."""
        changes = self.controls[name]
        if "arm" in changes:
            return [
                Run(self.recipe, {"seed": seed, **self._rest, **changes}) for seed in self.seeds
            ]
        kernel = NONE if name == "none" else FIXED
        return [KernelRun(self.recipe, {"seed": seed, **changes}, kernel) for seed in self.seeds]

    @property
    def _rest(self) -> dict[str, Any]:
        return {"split": "official"} if self.recipe == "spoken-digits" else {}

    def _run(self, kernel: str, changes: dict[str, Any]) -> Run:
        if kernel == "gaussian":
            return Run(self.recipe, changes)
        if kernel in self.own:
            return Run(self.recipe, {**changes, "kernel": kernel})
        return KernelRun(self.recipe, changes, kernel)


# As many trained parameters as learned delays have: 236 neurons on digits; the other two recipes
# count for themselves.
TASKS = {
    "digits": Task(
        "handwritten digits",
        "digits",
        _report.SEEDS,
        (),
        {"fixed": {}, "fixed, equal": {"hidden": 236}, "none": {}},
    ),
    "coincidence": Task(
        "coincidence of volleys, generated",
        "coincidence",
        _report.SEEDS,
        (),
        {"fixed, equal": {"arm": "fixed"}, "none": {"arm": "none"}},
    ),
    "spoken-digits": Task(
        "spoken digits",
        "spoken-digits",
        COMPARISON.seeds,
        ("straight-through",),
        {
            "fixed": {"arm": "fixed"},
            "fixed, equal": {"arm": "fixed", "equal": "parameters"},
            "none": {"arm": "none"},
        },
    ),
}


def arms(task: Task) -> Iterator[tuple[str, list[Run]]]:
    """All that is compared on a task, by name: kernels, then controls."""
    for name, (kernel, end, _) in LEARNED.items():
        yield name, task.learned(kernel, end)
    for name in task.controls:
        yield name, task.control(name)


def plan() -> list[Run]:
    """Every task, kernel, end and control, one run per seed."""
    return [run for task in TASKS.values() for _, runs in arms(task) for run in runs]


def write(store: Store, out: Path) -> list[Path]:
    """Write delay_kernels.md and delay_kernels.json."""
    rows = {
        name: {arm: [store.find(run) for run in runs] for arm, runs in arms(task)}
        for name, task in TASKS.items()
    }
    return [
        _report.write_text(out / "delay_kernels.md", report(rows)),
        _report.write_data(
            out / "delay_kernels.json",
            {"chosen": chosen(rows), **{name: _numbers(found) for name, found in rows.items()}},
        ),
    ]


def chosen(rows: Mapping[str, Rows]) -> str:
    """The arm that should be the default, by validation data alone.

    It lies above today's beyond the interval on some task and below it on none; of several the one
    whose mean differences add up to most. If there is none, today's stays.
    """
    gains = {}
    for name in LEARNED:
        if name != DEFAULT:
            apart = [difference(found, name, DEFAULT, "validation") for found in rows.values()]
            if any(d.positive for d in apart) and not any(d.negative for d in apart):
                gains[name] = sum(d.mean for d in apart)
    return max(gains, key=lambda name: gains[name], default=DEFAULT)


def report(rows: Mapping[str, Rows]) -> str:
    """Text of delay_kernels.md, all of whose statements are computed from the rows."""
    return _report.page(
        "delay_kernels",
        PART,
        [row for found in rows.values() for arm in found.values() for row in arm],
        chosen=False,
        default=LEARNED[DEFAULT][2],
        chosen_arm=LEARNED[chosen(rows)][2],
        kernels={
            words: [f"{_how(own, name, DEFAULT, 'validation')} on {t}" for t, own in rows.items()]
            for name, (_, _, words) in LEARNED.items()
            if name != DEFAULT
        },
        tasks=[
            {
                "name": name,
                "words": task.words,
                "controls": _controls(rows[name]),
                "accuracies": _accuracies(rows[name]),
                "differences": _differences(rows[name]),
                "roundings": _roundings(rows[name]),
            }
            for name, task in TASKS.items()
        ],
        comparisons=sum(len(arms) - 1 for arms in rows.values()),
    )


def _controls(found: Rows) -> list[str]:
    """Where learning by default lies beside each control."""
    return [f"{_how(found, DEFAULT, c)} {CONTROLS[c]}" for c in CONTROLS if c in found]


def _how(found: Rows, name: str, other: str, part: str = "test") -> str:
    return _report.beside(difference(found, name, other, part))


def _words(name: str) -> str:
    return LEARNED[name][2] if name in LEARNED else CONTROLS[name]


def _accuracies(found: Rows) -> str:
    return markdown_table(
        ["delays", "trained", "validation", "test"],
        [
            [
                _words(name),
                rows[0]["trained_parameters"],
                spread(values(rows, "validation")),
                spread(values(rows, "test")),
            ]
            for name, rows in found.items()
        ],
    )


def _differences(found: Rows) -> str:
    return markdown_table(
        [f"less {LEARNED[DEFAULT][2]}", "validation, 95 % interval", "test, 95 % interval"],
        [
            [
                _words(name),
                *(str(difference(found, name, DEFAULT, part)) for part in ("validation", "test")),
            ]
            for name in found
            if name != DEFAULT
        ],
    )


def _roundings(found: Rows) -> str:
    return markdown_table(
        ["cost of rounding at the end", "training kernel", "rounded", "loss, 95 % interval"],
        [
            [
                WORDS[kernel],
                spread(values(found[name], "test_with_training_kernel")),
                spread(values(found[name], "test")),
                str(rounding(found[name])),
            ]
            for name, (kernel, end, _) in LEARNED.items()
            if end == AT_THE_END
        ],
    )


def _numbers(found: Rows) -> dict[str, Any]:
    parts = ("validation", "test", "test_with_training_kernel")
    return {
        name: {
            "trained_parameters": rows[0]["trained_parameters"],
            **{part: values(rows, part) for part in parts},
        }
        for name, rows in found.items()
    }
