"""Handwritten digits, learned by a rule of your choice in place of backpropagation.

Every rule of `hebbian.local` on the same layers; docs/results/local_rules.md compares them.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal.datasets import mnist
from axonal.hebbian import local
from axonal.recipes import _local_rules, _settings
from axonal.recipes._errors import RecipeError
from axonal.recipes._local_rules import LAYERS, RULES
from axonal.recipes._study import Arrays, Learned, Parts

TRAINING = 50_000
"""Of the 60 000 pictures for training; the others are for validation."""
EVALUATION_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.BaseSettings):
    """Settings of the recipe.

    Args:
        rule: "backprop", "feedback-alignment", "sign-symmetric", "direct-feedback-alignment",
            "eprop", "ottt", "dsr", "forward-forward", "mono-forward", "cascaded-forward" or
            "physical-forward-forward".
        layers: "spiking", "relu", "conv" (fixed or trained convolutions), "dsr" or "mixing"
            (unknown functions between weights); "auto" for what the rule is known for.
        hidden: neurons of each of two hidden layers.
        steps: of a sample, whose input is constant; 20 for "dsr", 1 for layers without memory.
        epochs: passes over the training samples.
        batch: samples per update.
        learning_rate: of Adam at the start, it falls along a cosine from epoch to epoch; none for
            the one chosen for the rule.
        samples: training samples, the first ones of MNIST.
        validated: samples for validation, of the last 10 000 for training.
        drift: of unknown functions, radians per call.
        noise: of unknown functions.

    >>> Settings(rule="dsr").shown
    20
    """

    rule: str = "ottt"
    layers: str = "auto"
    hidden: int = 400
    steps: int = 6
    epochs: int = 3
    batch: int = 64
    learning_rate: float | None = None
    samples: int = TRAINING
    validated: int = 10_000
    drift: float = 1e-4
    noise: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("rule", self.rule in RULES, f"one of {', '.join(RULES)}")
        known = ("auto", *LAYERS)
        self.require("layers", self.layers in known, f"one of {', '.join(known)}")
        self.require_counts("hidden", "steps", "epochs", "batch")
        self.require("samples", 1 <= self.samples <= TRAINING, f"from 1 to {TRAINING}")
        self.require("validated", 1 <= self.validated <= 10_000, "from 1 to 10000")
        for name in ("drift", "noise"):
            self.require(name, getattr(self, name) >= 0, "a number >= 0")
        rate = self.learning_rate
        self.require("learning_rate", rate is None or rate > 0, "a number > 0")
        able = RULES[self.rule].layers
        if self.layers == "auto":
            object.__setattr__(self, "layers", able[0])
        self.require("layers", self.layers in able, f"{' or '.join(able)} with {self.rule}")

    @property
    def shown(self) -> int:
        """Steps of a sample."""
        return {"dsr": 20, "spiking": self.steps}.get(self.layers, 1)

    @property
    def rate(self) -> float:
        """Learning rate at the start."""
        if self.learning_rate is not None:
            return self.learning_rate
        return RULES[self.rule].rate.get(self.layers, 1e-3)


def data(settings: Settings) -> Mapping[str, tuple[Any, Any]]:
    """Images and labels by split.

    Raises:
        ValueError: the images are not there, or a file is damaged.
    """
    try:
        images, labels = mnist("train")
        tested = mnist("test")
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    kept, held = settings.samples, settings.validated
    return {
        "train": (images[:kept], labels[:kept]),
        "validation": (images[TRAINING:][:held], labels[TRAINING:][:held]),
        "test": tested,
    }


def build(settings: Settings) -> local.Rule:
    """The untrained network in the hands of its rule, the same for the same settings.

    >>> build(Settings(rule="mono-forward", hidden=8)).projections[0].shape
    torch.Size([10, 8])
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return RULES[settings.rule].make(_local_rules.network(settings), settings)


class _Batches:
    """The batches of an epoch, in an order that its seed and number tell."""

    def __init__(self, settings: Settings, images: Any, labels: Any, epoch: int) -> None:
        self.settings, self.images = settings, images
        self.labels = torch.from_numpy(np.asarray(labels))
        order = np.random.default_rng((settings.seed, epoch)).permutation(len(images))
        size = settings.batch
        self.chosen = [order[k : k + size] for k in range(0, len(order), size)]

    def __len__(self) -> int:
        return len(self.chosen)

    def __iter__(self) -> Any:
        for few in self.chosen:
            yield _local_rules.inputs(self.settings, self.images[few]), self.labels[few]


def learn(settings: Settings, parts: Parts) -> Learned:
    """Train by the rule, epoch by epoch, and tell the accuracy."""
    splits, rule = data(settings), build(settings)
    adam = torch.optim.Adam(rule.parameters_trained(), lr=settings.rate)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        history = [
            _epoch(settings, splits["train"], rule, adam, epoch, parts)
            for epoch in range(settings.epochs)
        ]
        found = {s: accuracy(settings, rule, *splits[s]) for s in ("validation", "test")}
    finally:
        torch.set_num_threads(threads)
    x = _local_rules.inputs(settings, splits["train"][0][: settings.batch])
    target = torch.from_numpy(splits["train"][1][: settings.batch].astype(np.int64))
    results = {
        "validation_accuracy": found["validation"],
        "test_accuracy": found["test"],
        "learning_rate": settings.rate,
        "loss": [float(row["loss"]) for row in history],
        "training_seconds": float(sum(row["seconds"] for row in history)),
        "stored": rule.stored(x).total,
        "measured": local.measured(rule, x, target)._asdict(),
    }
    arrays = {name: value.numpy() for name, value in rule.state_dict().items()}
    return Learned(arrays, results)


def _epoch(
    settings: Settings,
    samples: tuple[Any, Any],
    rule: local.Rule,
    adam: torch.optim.Adam,
    epoch: int,
    parts: Parts,
) -> Arrays:
    """Learn for an epoch, or take what a stopped run has learned in it."""

    def make(report: Callable[[float], None]) -> Arrays:
        torch.manual_seed(np.random.SeedSequence((settings.seed, epoch)).generate_state(1)[0])
        for group in adam.param_groups:
            group["lr"] = settings.rate * 0.5 * (1 + math.cos(math.pi * epoch / settings.epochs))
        begun = time.process_time()
        batches = _Batches(settings, *samples, epoch)
        (row,) = local.fit(rule, batches, optimiser=lambda _: adam)
        report(1.0)
        return {
            "loss": np.array(row["loss"]),
            "seconds": np.array(time.process_time() - begun),
            **{f"rule/{name}": value.numpy() for name, value in rule.state_dict().items()},
            **_optimiser_arrays(adam),
        }

    found = parts.get(f"epoch_{epoch}", make)
    rule.load_state_dict(
        {
            name.removeprefix("rule/"): torch.from_numpy(np.array(value))
            for name, value in found.items()
            if name.startswith("rule/")
        }
    )
    _load_optimiser(adam, found)
    return found


def _optimiser_arrays(adam: torch.optim.Adam) -> dict[str, Any]:
    """The memory of the optimiser by names."""
    state = adam.state_dict()["state"]
    return {
        f"adam/{number}/{name}": value.numpy()
        for number, values in state.items()
        for name, value in values.items()
    }


def _load_optimiser(adam: torch.optim.Adam, found: Arrays) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in found.items():
        if key.startswith("adam/"):
            _, number, name = key.split("/")
            state.setdefault(int(number), {})[name] = torch.from_numpy(np.array(value))
    adam.load_state_dict({**adam.state_dict(), "state": state})


def accuracy(settings: Settings, rule: local.Rule, images: Any, labels: Any) -> float:
    """Share of the images whose class is found, in evaluation mode."""
    rule.eval()
    found = [
        rule.scores(_local_rules.inputs(settings, images[k : k + EVALUATION_BATCH])).argmax(1)
        for k in range(0, len(images), EVALUATION_BATCH)
    ]
    rule.train()
    return float((torch.cat(found).numpy() == labels).mean())
