"""Which kernel delays should be learned by, and whether to freeze them before the end."""

from dataclasses import dataclass
from typing import Any

from axonal.recipes.experiments import _report
from axonal.recipes.experiments._delay_runs import FIXED, NONE, KernelRun
from axonal.recipes.experiments._runs import Run
from axonal.recipes.experiments._spoken_digits import SEEDS as SPOKEN_SEEDS

PART = "delay-kernels"
KERNELS = ("gaussian", "triangle", "two-tap", "straight-through")
WORDS = {
    "gaussian": "Gaussian",
    "triangle": "triangle",
    "two-tap": "two taps",
    "straight-through": "straight-through",
}
FROZEN, AT_THE_END = "frozen for the last third", "rounded at the end"
ENDS = {FROZEN: {}, AT_THE_END: {"freeze_from": 1.0}}
DEFAULT = ("gaussian", FROZEN)
CONTROLS = {
    "fixed": "fixed random",
    "fixed, equal": "fixed random, more neurons",
    "none": "none",
}


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
        """Runs whose delays are learned, a run a seed."""
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
        SPOKEN_SEEDS,
        ("straight-through",),
        {
            "fixed": {"arm": "fixed"},
            "fixed, equal": {"arm": "fixed", "equal": "parameters"},
            "none": {"arm": "none"},
        },
    ),
}
