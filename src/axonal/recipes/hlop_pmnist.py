"""Permuted MNIST, one permutation after another, kept from overwriting each other by HLOP.

The method is that of Xiao et al. (ICLR 2024, arXiv 2402.11984); other arms are baselines with the
same passes and rates. Their setting: --tasks 10 --shared --hidden 800 --epochs 1 --steps 20
--learning-rate 0.1 --ranks 80,200,100 --later 70,70,50,50,50,30,30,30,10. They trained by DSR; here
surrogate gradients do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.datasets import mnist
from axonal.hebbian.continual import ContinualLearner, Stream, permuted, plot_accuracy_matrix
from axonal.recipes import _continual, _settings
from axonal.recipes._errors import RecipeError
from axonal.recipes._study import Learned, Parts

PIXELS, CLASSES, TRAIN, HELD_OUT, TEST = 784, 10, 60_000, 2_000, 10_000
MEAN, DEVIATION = 0.1307, 0.3081
LAYERS = ("pixels", "first", "second")


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.BaseSettings):
    """Settings of the recipe.

    Args:
        arm: "hlop", "hlop-quantised" (lateral units that spike), "gpm", "ewc", "si", "replay",
            "sequential" (nothing against forgetting) or "joint" (all tasks at once).
        tasks: permutations, one after another.
        samples: training images of each task, images of its own.
        shared: give every task all training images, as the paper does; samples is then not used.
        validated: images of validation.
        tested: images of test, the first ones.
        epochs: passes over each task.
        batch: images per update.
        learning_rate: of plain steps at the start of each task, from which it falls along a cosine.
        hidden: neurons in each of the two hidden layers.
        steps: for which an image is shown as a constant current.
        ranks: new rows of the first task, of the pixels, the first and the second hidden layer.
        later: new rows of each later task, the same in all three; the last is that of all others.
        rate: of lateral connections.
        rate_pixels: of those beside the pixels.
        levels: of lateral units that spike.
        ewc: strength of EWC.
        si: strength of synaptic intelligence.
        kept: images of a task that replay keeps.

    >>> Settings(tasks=2).rows["pixels"]
    [80, 60, 60, 40]
    """

    arm: str = "hlop"
    tasks: int = 5
    samples: int = 10_000
    shared: bool = False
    validated: int = 500
    tested: int = 2_500
    epochs: int = 2
    batch: int = 64
    learning_rate: float = 0.3
    hidden: int = 400
    steps: int = 6
    ranks: str = "80,100,60"
    later: str = "60,60,40"
    rate: float = 0.01
    rate_pixels: float = 0.001
    levels: int = 40
    ewc: float = 100.0
    si: float = 10.0
    kept: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("arm", self.arm in _continual.ARMS, f"one of {', '.join(_continual.ARMS)}")
        self.require_counts(
            "tasks", "samples", "epochs", "batch", "hidden", "steps", "levels", "kept"
        )
        most = TRAIN - HELD_OUT
        fits = self.shared or self.tasks * self.samples <= most
        self.require("samples", fits, f"a number whose product with tasks is {most} at most")
        fine = 1 <= self.validated <= HELD_OUT
        self.require("validated", fine, f"a whole number from 1 to {HELD_OUT}")
        self.require("tested", 1 <= self.tested <= TEST, f"a whole number from 1 to {TEST}")
        for name in ("learning_rate", "rate", "rate_pixels"):
            self.require(name, getattr(self, name) > 0, "a number > 0")
        for name in ("ewc", "si"):
            self.require(name, getattr(self, name) >= 0, "a number >= 0")
        first, later = _numbers(self.ranks), _numbers(self.later)
        self.require("ranks", len(first) == 3, "three whole numbers >= 1 with commas between")
        self.require("later", bool(later), "whole numbers >= 1 with commas between")
        wide = {"ranks": PIXELS, "hidden": self.hidden}
        for layer, rows in self.rows.items():
            whole = sum(rows[min(k, len(rows) - 1)] for k in range(self.tasks))
            most = wide["ranks" if layer == "pixels" else "hidden"]
            self.require(
                "ranks", whole <= most, f"with later ranks at most {most} rows beside {layer!r}"
            )

    @property
    def rows(self) -> dict[str, list[int]]:
        """New rows of each layer, task by task."""
        later = _numbers(self.later)
        return {
            name: [first, *later] for name, first in zip(LAYERS, _numbers(self.ranks), strict=True)
        }

    def choices(self, protected: Sequence[str]) -> _continual.Choices:
        """Choices of methods for the layers that they protect."""
        rates = dict.fromkeys(LAYERS, self.rate) | {"pixels": self.rate_pixels}
        return _continual.Choices(
            ranks={name: self.rows[name] for name in protected},
            rates={name: rates[name] for name in protected},
            levels=self.levels,
            ewc=self.ewc,
            si=self.si,
            kept=self.kept,
        )


def _numbers(text: str) -> list[int]:
    """Whole numbers >= 1 with commas between; nothing for another text."""
    parts = text.split(",")
    fine = all(part.strip().isdecimal() and int(part) >= 1 for part in parts)
    return [int(part) for part in parts] if fine else []


class SteadyInput(nn.Module):
    """A chain whose input does not change over time: its first connections run once.

    Equal to the network itself to rounding, at a fraction of its cost.

    Args:
        network: connections first.
    """

    def __init__(self, network: neuro.Sequential) -> None:
        super().__init__()
        names = list(network._modules)
        self.first = network[names[0]]
        self.rest = neuro.Sequential({name: network[name] for name in names[1:]})

    def forward(self, x: Tensor) -> Any:
        """Run x [T, B, N], the same at every step."""
        return self.rest(self.first(x[:1]).expand(len(x), -1, -1))


def stream(settings: Settings) -> Stream:
    """The tasks; which image belongs to which of them depends on the seed.

    Raises:
        ValueError: the images are not there, or a file is damaged.
    """
    try:
        (x, y), (test_x, test_y) = mnist("train"), mnist("test")
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    order = np.random.default_rng(settings.seed).permutation(TRAIN)
    train = order[HELD_OUT:] if settings.shared else order[-settings.tasks * settings.samples :]
    held = order[: settings.validated]
    return permuted(
        {
            "train": (x[train], y[train]),
            "validation": (x[held], y[held]),
            "test": (test_x[: settings.tested], test_y[: settings.tested]),
        },
        settings.tasks,
        shared=settings.shared,
        seed=settings.seed,
    )


def build(settings: Settings) -> neuro.Sequential:
    """The untrained network, the same for the same settings.

    >>> build(Settings(hidden=100, ranks="9,9,9", later="9"))(torch.zeros(6, 1, 784))[0].shape
    torch.Size([6, 1, 10])
    """
    hidden = settings.hidden
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return neuro.Sequential(
            {
                "pixels": neuro.Linear(PIXELS, hidden, bias=False),
                "lif1": _neurons(hidden),
                "first": neuro.Linear(hidden, hidden, bias=False),
                "lif2": _neurons(hidden),
                "second": neuro.Linear(hidden, CLASSES, bias=False),
            }
        )


def _neurons(size: int) -> neuro.LIF:
    """The neuron of the paper's variants by surrogate gradients."""
    return neuro.LIF(
        size, 2.0, decay="euler", reset="subtract", surrogate=neuro.Sigmoid(4), detach_reset=True
    )


def learner(
    settings: Settings,
    net: neuro.Sequential,
    tasks: Stream,
    protected: Sequence[str] = LAYERS,
) -> ContinualLearner:
    """The loop that learns the stream.

    Args:
        settings: of the recipe.
        net: of `build`.
        tasks: the stream.
        protected: layers that HLOP and GPM protect.
    """

    def encode(x: Tensor) -> Tensor:
        current = x.float().div(255).sub(MEAN).div(DEVIATION)
        return current.expand(settings.steps, *current.shape)

    sgd = torch.optim.SGD(net.parameters(), settings.learning_rate)
    method = _continual.method(settings.arm, net, settings.choices(protected), sgd)
    return _continual.learner(
        settings.arm, SteadyInput(net), tasks, method,
        optimiser=sgd, encode=encode, epochs=settings.epochs, batch=settings.batch,
        seed=settings.seed,
    )  # fmt: skip


def learn(settings: Settings, parts: Parts) -> Learned:
    """Learn one task after another, and measure each on all of them."""
    net = build(settings)
    own = learner(settings, net, stream(settings))
    untrained = parts.get("untrained", lambda report: {"test": np.array(own.accuracies("test"))})
    found = []
    for k in range(len(own.stream)):
        made = False

        def make(report: Any, k: int = k) -> _continual.Arrays:
            nonlocal made
            made = True
            return _continual.task_arrays(own, net, k)

        arrays = parts.get(f"task{k + 1}", make)
        if not made:
            _continual.restore(own, net, arrays)
        found.append(arrays)
    test = np.array([arrays["test"] for arrays in found])
    validation = np.array([arrays["validation"] for arrays in found])
    results = _continual.scores(test, validation, untrained["test"])
    results["residuals"] = [arrays["residuals"].round(4).tolist() for arrays in found]

    def draw(folder: Path) -> None:
        ax = plot_accuracy_matrix(test)
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figure: Any = ax.figure
        FigureCanvasAgg(figure)
        figure.savefig(folder / "accuracies.png", dpi=130)

    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    return Learned(weights, results, draw)
