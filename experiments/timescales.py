"""Parity and match of bits over growing N: curricula, time constants, and one learned delay."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonal import recipes
from axonal._base.sweeps import Row, Store
from axonal.recipes._runs import Job
from axonal.recipes._study import Parts

SEEDS = (0, 1, 2)
BUDGET = 120.0
"""CPU seconds of each run."""
ADAM = {"optimiser": "adam"}
ARMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "heads": ("rate units, a head for every N", {}),
    "single": ("rate units, the present N alone", {"curriculum": "single"}),
    "window": ("rate units, the last five N", {"curriculum": "window"}),
    "spiking": (
        "spiking, a head for every N, Adam",
        {"cell": "spiking", **ADAM, "learning_rate": 1e-2},
    ),
    "spiking single": (
        "spiking, the present N alone, Adam",
        {"cell": "spiking", **ADAM, "learning_rate": 1e-2, "curriculum": "single"},
    ),
}
"""Title and settings of each arm."""


@dataclass(frozen=True)
class Trained(Job):
    """A network that learns larger and larger N within the budget.

    Args:
        arm: a key of `ARMS`.
        seed: of weights and bits.
        task: "parity" or "match".
        budget: CPU seconds.
    """

    arm: str
    seed: int
    task: str = "parity"
    budget: float = BUDGET

    @property
    def changes(self) -> dict[str, Any]:
        """Settings that differ from the recipe's."""
        own = {"task": self.task} if self.task != "parity" else {}
        return {**ARMS[self.arm][1], **own, "seconds": self.budget, "seed": self.seed}

    @property
    def identity(self) -> list[Any]:
        """The recipe and all settings."""
        return ["nparity", recipes.find("nparity").Settings(**self.changes).identity()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The recipe and the settings."""
        return "nparity", self.changes

    def measure(self) -> Row:
        """The largest N that was passed, accuracies, time constants, and the way there."""
        recipe: Any = recipes.find("nparity")
        with tempfile.TemporaryDirectory() as folder:
            parts = Parts(Path(folder), lambda part, share: None)
            return dict(recipe.learn(recipe.Settings(**self.changes), parts).results)


def plan() -> list[Job]:
    """All jobs."""
    return [Trained(arm, seed) for seed in SEEDS for arm in ARMS]


def write(store: Store, out: Path) -> list[Path]:
    """Write timescales.md, timescales.json and timescales.png."""
    raise NotImplementedError
