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
LONG, MIDDLE, SHORT = 120.0, 60.0, 30.0
"""CPU seconds of a run."""
ADAM: Mapping[str, Any] = {"optimiser": "adam", "learning_rate": 1e-3}
SPIKING: Mapping[str, Any] = {"cell": "spiking", "optimiser": "adam", "learning_rate": 1e-2}
ARMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "heads": ("rate units, a head for every N", {"seconds": LONG}),
    "single": ("rate units, the present N alone", {"curriculum": "single", "seconds": LONG}),
    "window": ("rate units, the last five N", {"curriculum": "window", "seconds": MIDDLE}),
    "heads, Adam": ("rate units, a head for every N", {**ADAM, "seconds": SHORT}),
    "single, Adam": (
        "rate units, the present N alone",
        {**ADAM, "curriculum": "single", "seconds": SHORT},
    ),
    "spiking": ("spiking, a head for every N", {**SPIKING, "seconds": SHORT}),
    "spiking, single": (
        "spiking, the present N alone",
        {**SPIKING, "curriculum": "single", "seconds": SHORT},
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
    """

    arm: str
    seed: int
    task: str = "parity"

    @property
    def changes(self) -> dict[str, Any]:
        """Settings that differ from the recipe's."""
        own = {"task": self.task} if self.task != "parity" else {}
        return {**ARMS[self.arm][1], **own, "seed": self.seed}

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
