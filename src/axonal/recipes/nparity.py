"""Parity of the last N bits, N as large as a curriculum gets, by recurrent networks that learn
their time constants.

The tasks and the curricula are those of Khajehabdollahi et al. (ICLR 2024, arXiv 2309.12927). Bits
are drawn anew for every update. The run ends when a budget of CPU seconds is used up, so that
curricula can be compared at equal cost.
"""

from dataclasses import dataclass

from axonal.recipes import _curriculum, _settings, _timescales
from axonal.recipes._study import Learned, Parts

TASKS, CELLS = ("parity", "match"), ("rate", "spiking")


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.BaseSettings):
    """Settings of the recipe.

    Args:
        task: "parity" of the last N bits, or "match" of the last bit and the one N - 1 before.
        curriculum: "heads" (one for every N from 2 on, all are trained), "window" (the last few of
            them) or "single" (the head of the present N alone).
        window: heads that are trained by the curriculum "window".
        cell: "rate" (leaky rate units) or "spiking" (leaky integrate-and-fire).
        nonlinearity: of rate units, "outside" or "inside" the leak.
        units: of the network.
        batch: sequences per update.
        updates: per epoch; after it the accuracy of fresh sequences decides about the next N.
        passed: accuracy, as the mean over trained heads and of the last one, from which N grows.
        optimiser: "sgd" (with Nesterov's momentum, the paper's) or "adam".
        learning_rate: of the optimiser.
        momentum: of "sgd".
        largest_gradient: norm to which gradients are cut.
        learn_tau: whether time constants are trained; they begin between 1 and 2 steps.
        seconds: of CPU time, after which no epoch begins.
        most: largest N, at which the run ends as well.

    >>> Settings(curriculum="window", window=3).heads(6)
    [4, 5, 6]
    """

    task: str = "parity"
    curriculum: str = "heads"
    window: int = 5
    cell: str = "rate"
    nonlinearity: str = "outside"
    units: int = 128
    batch: int = 128
    updates: int = 300
    passed: float = 0.98
    optimiser: str = "sgd"
    learning_rate: float = 0.05
    momentum: float = 0.1
    largest_gradient: float = 2.0
    learn_tau: bool = True
    seconds: float = 120.0
    most: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (
            ("task", TASKS),
            ("curriculum", tuple(_curriculum.CURRICULA)),
            ("cell", CELLS),
            ("nonlinearity", ("outside", "inside")),
            ("optimiser", ("sgd", "adam")),
        ):
            self.require(name, getattr(self, name) in known, f"one of {', '.join(known)}")
        self.require_counts("window", "units", "batch", "updates")
        for name in ("learning_rate", "largest_gradient", "seconds"):
            self.require(name, getattr(self, name) > 0, "a number > 0")
        self.require("momentum", 0 <= self.momentum < 1, "a share from 0 to below 1")
        self.require("passed", 0.5 < self.passed <= 1, "a share above 0.5, to 1")
        self.require("most", self.most >= _curriculum.FIRST, "a whole number >= 2")

    def heads(self, order: int) -> list[int]:
        """Orders N of the heads that are trained when N has come to ``order``."""
        return _curriculum.CURRICULA[self.curriculum](order, self.window)


def learn(settings: Settings, parts: Parts) -> Learned:
    """Train epoch by epoch until the budget is used up, then test every head and fit timescales."""
    return _timescales.learn(settings, parts)
