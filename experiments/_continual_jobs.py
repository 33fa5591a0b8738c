"""The jobs of continual learning: one stream learnt by one method."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from axonal._base.sweeps import Row
from axonal.datasets import fashion_mnist, mnist
from axonal.hebbian.continual import split
from axonal.recipes import RecipeError, _continual, hlop_pmnist
from axonal.recipes._runs import Job
from experiments import _continual_delays


def each(rows: Sequence[Row], name: str) -> list[float]:
    """A result of all rows that have it."""
    return [row[name] for row in rows if name in row]


def percent(values: Sequence[float]) -> str:
    """Mean and standard deviation of shares over seeds, in per cent; nothing for none."""
    if not values:
        return ""
    shares = [100 * value for value in values]
    return f"{statistics.fmean(shares):.1f} ± {statistics.stdev(shares):.1f}"


OWN = {"ewc": "ewc", "si": "si", "replay": "kept", "hlop-quantised": "levels"}
"""Settings of one arm alone."""


@dataclass(frozen=True)
class Permuted(Job):
    """Permuted MNIST by the recipe ``hlop-pmnist``.

    Args:
        arm: of the recipe.
        seed: of everything.
        changes: further settings that differ from those of the recipe.
    """

    arm: str
    seed: int
    changes: tuple[tuple[str, Any], ...] = ()

    @property
    def settings(self) -> hlop_pmnist.Settings:
        """Settings of the run."""
        return hlop_pmnist.Settings(arm=self.arm, seed=self.seed, **dict(self.changes))

    @property
    def identity(self) -> list[Any]:
        """All settings but those of other arms."""
        others = {name for arm, name in OWN.items() if arm != self.arm}
        settings = self.settings.to_json().items()
        return ["continual-pmnist", {k: v for k, v in settings if k not in others}]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The recipe, and its settings that are not the default."""
        return "hlop-pmnist", {"arm": self.arm, "seed": self.seed, **dict(self.changes)}

    def measure(self) -> Row:
        """Learn the stream."""
        settings = self.settings
        net = hlop_pmnist.build(settings)
        own = hlop_pmnist.learner(settings, net, hlop_pmnist.stream(settings))
        found = own.learn()
        residuals = [[list(layer) for layer in task.values()] for task in found.residuals]
        return {
            **_continual.scores(found.test, found.validation, found.untrained),
            "residuals": np.round(residuals, 4).tolist(),
        }


IMAGES = {"MNIST": mnist, "Fashion-MNIST": fashion_mnist}
SPLIT_TASKS, SPLIT_SAMPLES, SPLIT_HIDDEN, SPLIT_EPOCHS = 5, 10_000, 200, 2


@dataclass(frozen=True)
class Split(Job):
    """Two classes after two others.

    Args:
        images: "MNIST" or "Fashion-MNIST".
        scenario: "task", "domain" or "class".
        arm: of the recipe.
        seed: of everything.
    """

    images: str
    scenario: str
    arm: str
    seed: int

    @property
    def identity(self) -> list[Any]:
        """The stream, the arm, the seed and the sizes."""
        sizes = [SPLIT_TASKS, SPLIT_SAMPLES, SPLIT_HIDDEN, SPLIT_EPOCHS]
        return ["continual-split", self.images, self.scenario, self.arm, self.seed, sizes]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The stream, and the arm."""
        return f"split-{self.images}", {
            "scenario": self.scenario,
            "arm": self.arm,
            "seed": self.seed,
        }

    def measure(self) -> Row:
        """Learn the stream."""
        settings = hlop_pmnist.Settings(
            arm=self.arm, seed=self.seed, hidden=SPLIT_HIDDEN, epochs=SPLIT_EPOCHS,
            ranks="40,40,20", later="40,40,20", learning_rate=0.1, tasks=1,
        )  # fmt: skip
        read = IMAGES[self.images]
        try:
            (x, y), (test_x, test_y) = read("train"), read("test")
        except (ValueError, FileNotFoundError) as error:
            raise RecipeError(str(error)) from error
        order = np.random.default_rng(self.seed).permutation(len(x))
        train, held = order[:SPLIT_SAMPLES], order[-1_000:]
        stream = split(
            {
                "train": (x[train].reshape(len(train), -1), y[train]),
                "validation": (x[held].reshape(len(held), -1), y[held]),
                "test": (test_x[:5_000].reshape(5_000, -1), test_y[:5_000]),
            },
            SPLIT_TASKS,
            scenario=self.scenario,
            seed=self.seed,
        )
        net = hlop_pmnist.build(settings)
        # where tasks have heads, each has weights of its own, which later tasks do not touch
        protected = hlop_pmnist.LAYERS[: 2 if self.scenario == "task" else 3]
        own = hlop_pmnist.learner(settings, net, stream, protected)
        found = own.learn()
        return _continual.scores(found.test, found.validation, found.untrained)


@dataclass(frozen=True)
class Timed(Job):
    """A stream of tasks in time by a network with delays.

    Args:
        stream: "latency" or "speakers".
        arm: of `_continual_delays.ARMS`.
        seed: of everything.
    """

    stream: str
    arm: str
    seed: int

    @property
    def identity(self) -> list[Any]:
        """The stream with its numbers, the arm and the seed."""
        d = _continual_delays
        numbers = [
            d.HIDDEN,
            d.SIGMA,
            d.WEIGHT_RATE,
            d.DELAY_RATE,
            d.LATENCY_STEPS,
            d.SILENCE,
            d.GAIN,
        ]
        more: list[float] = [d.LATENCY_TASKS, d.LATENCY_SAMPLES, d.LATENCY_STEPS, d.SILENCE]
        more += [d.SPOKEN_STEPS, d.SPOKEN_DT]
        shape = list(d.STREAMS[self.stream])
        return ["continual-delays", self.stream, shape, d.ARMS[self.arm], self.seed, numbers, more]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The stream, the arm and the seed."""
        return f"continual-{self.stream}", {"arm": self.arm, "seed": self.seed}

    def measure(self) -> Row:
        """Learn the stream."""
        torch.manual_seed(self.seed)
        return _continual_delays.measure(self.stream, self.arm, self.seed)
