"""The jobs of the experiment ``zero_shot``: classes, candidates for settings, arms and faults."""

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from axonal._base.sweeps import Row
from axonal.recipes import _zero_shot
from axonal.recipes._runs import Job
from experiments import _report

CHOOSING = tuple(itertools.combinations(range(5), 2))
"""Pairs of held-out classes by which settings are chosen."""
REPORTED = tuple(itertools.combinations(range(5, 10), 2))
"""Pairs that are reported; none of their classes is held out above."""
PAPER = (8, 9)
CANDIDATES = tuple(
    {"decay": decay, "image_scale": scale, "other_scale": scale, "temperature": temperature}
    for decay, scale, temperature in itertools.product((0.9, 0.97), (0.1, 0.3), (0.07, 0.2))
)
EPOCHS = (10, 20)
CHOOSING_SEEDS = (100, 101)
CHOSEN: dict[str, dict[str, Any]] = {
    "speech": {**CANDIDATES[7], "epochs": 20},
    "pictures": {**CANDIDATES[0], "epochs": 10},
}
"""By the retrieval of `CHOOSING`, of the candidates and numbers of epochs above."""
TRAINED_EPOCHS = 5
FAULTS: dict[str, tuple[float, ...]] = {
    "spread": (0.3, 1.0),
    "read_noise": (0.3, 1.0, 3.0),
    "stuck": (0.1, 0.4),
    "wire_resistance": (2.0,),
}
PUBLISHED_SEEDS = (0, 1, 2)
FAULT_SEEDS = (0,)


@dataclass(frozen=True)
class Retrieved(Job):
    """Training and retrieval with one set of settings, for several pairs of held-out classes.

    Args:
        changes: settings that are not the default, among them the seed.
        pairs: the held-out classes.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    pairs: tuple[tuple[int, int], ...] = REPORTED

    @property
    def settings(self) -> _zero_shot.Settings:
        """All settings."""
        return _zero_shot.Settings(**self.changes)

    @property
    def identity(self) -> list[Any]:
        """All settings and the pairs."""
        return ["zero-shot", asdict(self.settings), self.pairs]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the settings that are not the default."""
        return "zero-shot", {"seed": 0, **self.changes}

    def measure(self) -> Row:
        """Train and retrieve."""
        return _zero_shot.learn(self.settings, self.pairs)


def choosing(task: str) -> list[list[Retrieved]]:
    """The jobs of each candidate, one per seed."""
    longest = {"task": task, "epochs": EPOCHS[-1], "watch": True}
    return [
        [Retrieved({**longest, **few, "seed": seed}, CHOOSING) for seed in CHOOSING_SEEDS]
        for few in CANDIDATES
    ]


def arm(task: str, name: str) -> list[Retrieved]:
    """The jobs of an arm, one per seed; the trained liquids are slow, and have one."""
    options: dict[str, Any] = {"task": task, "arm": name, **CHOSEN[task]}
    if name == "trained":
        return [Retrieved({**options, "epochs": TRAINED_EPOCHS, "seed": 0})]
    return [Retrieved({**options, "seed": seed}) for seed in _report.SEEDS]


def published() -> list[Retrieved]:
    """The likely form of the original, on its pair alone, one per seed."""
    scales = {"image_scale": 0.3, "other_scale": 0.1, "recurrent_scale": 0.1}
    options = {"task": "speech", "published": True, "watch": True, **scales}
    return [Retrieved({**options, "seed": seed}, (PAPER,)) for seed in PUBLISHED_SEEDS]


def faulty(fault: str, size: float) -> list[Retrieved]:
    """Pictures through liquids on crossbars that have one fault, one per seed."""
    options = {"task": "pictures", **CHOSEN["pictures"], "crossbars": True, fault: size}
    return [Retrieved({**options, "seed": seed}) for seed in FAULT_SEEDS]
