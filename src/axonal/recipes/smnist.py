"""Sequential MNIST: digits shown pixel by pixel to spiking neurons that hear each other.

The task is that of Le, Jaitly and Hinton, arXiv 1504.00941, 2015; that neurons with slow and fast
memories can solve it is known from Bellec et al., NeurIPS 2018 (arXiv 1803.09574).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from axonal import neuro
from axonal.datasets import Binned, EventSet, Grid
from axonal.datasets.sets import psmnist, smnist
from axonal.recipes import _settings
from axonal.recipes._errors import RecipeError
from axonal.recipes._samples import Samples

NEURONS = ("leaky", "adaptive")
PIXELS, CLASSES = 784, 10
TRAIN, TEST = 60_000, 10_000
VALIDATION = 10  # training samples per validation sample


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.Settings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Args:
        permuted: show the pixels in the order of ``datasets.sets.permutation(0)``.
        samples: training samples, the first ones of MNIST; those that follow, a tenth as many, are
            for validation.
        tested: test samples, the first ones of MNIST.
        levels: thresholds of the grey value; a pixel that crosses one is an event.
        hidden: neurons of the recurrent layer.
        neuron: "leaky" (time constants of many lengths, compiled loops) or "adaptive" (one time
            constant, and a threshold that rises with every spike for a while).
        fastest: shortest membrane time constant of the leaky neurons in steps, the one of all
            adaptive neurons.
        slowest: longest membrane time constant of the leaky neurons, or the one of adaptation.
        tau_readout: time constant of the readout in steps.
        largest_gradient: norm that the gradient of an update is cut to.

    >>> Settings(samples=2000).grid.steps
    784
    """

    epochs: int = 20
    batch: int = 128
    learning_rate: float = 3e-3
    freeze_from: float = 1.0
    permuted: bool = False
    samples: int = 50_000
    tested: int = TEST
    levels: int = 8
    hidden: int = 128
    neuron: str = "leaky"
    fastest: float = 10.0
    slowest: float = 500.0
    tau_readout: float = 100.0
    largest_gradient: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        most = TRAIN * VALIDATION // (VALIDATION + 1)
        fine = VALIDATION <= self.samples <= most
        self.require("samples", fine, f"a whole number from {VALIDATION} to {most}")
        self.require("tested", 1 <= self.tested <= TEST, f"a whole number from 1 to {TEST}")
        self.require("levels", 1 <= self.levels <= 255, "a whole number from 1 to 255")
        self.require_counts("hidden")
        self.require("neuron", self.neuron in NEURONS, f"one of {', '.join(NEURONS)}")
        for name in ("fastest", "slowest", "tau_readout"):
            self.require_tau(name, least=1)
        self.require("largest_gradient", self.largest_gradient > 0, "a number > 0")
        self.require("slowest", self.slowest >= self.fastest, "steps, as many as fastest or more")

    @property
    def grid(self) -> Grid:
        """One step per pixel."""
        return Grid(self.dt, PIXELS)


def data(settings: Settings) -> Mapping[str, Samples]:
    """The samples by split, "train", "validation" and "test"; the same for every seed.

    Raises:
        ValueError: the images are not there, or a file is damaged.
    """
    read = psmnist if settings.permuted else smnist
    held = settings.samples // VALIDATION
    found: dict[str, EventSet] = {}
    try:
        for split, samples in (("train", settings.samples + held), ("test", settings.tested)):
            found |= read(
                levels=settings.levels, dt=settings.grid.step, samples=samples, splits=(split,)
            )
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    train = np.arange(settings.samples)
    parts = {
        "train": found["train"].select(train),
        "validation": found["train"].select(settings.samples + np.arange(held)),
        "test": found["test"],
    }
    return {part: Binned(events, settings.grid) for part, events in parts.items()}


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> net = build(Settings(hidden=4))
    >>> net(torch.zeros(5, 1, 16))[0].shape
    torch.Size([5, 1, 10])
    """
    hidden = settings.hidden
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return neuro.Sequential(
            {
                "inputs": neuro.Linear(2 * settings.levels, hidden, bias=False),
                "norm": neuro.BatchNorm(hidden),
                "hidden": neuro.Recurrent(_neurons(settings), _feedback(hidden)),
                "weights": neuro.Linear(hidden, CLASSES),
                "readout": neuro.LeakyIntegrator(CLASSES, settings.tau_readout, decay_input=True),
            }
        )


def _neurons(settings: Settings) -> neuro.LIF | neuro.ALIF:
    """Neurons whose thresholds are one deviation of the potentials that white noise gives them."""
    if settings.neuron == "adaptive":
        tau = torch.full((settings.hidden,), settings.fastest)
    else:
        ends = math.log(settings.fastest), math.log(settings.slowest)
        tau = torch.linspace(*ends, settings.hidden).exp()
    shared: dict[str, Any] = {
        "threshold": (2 * tau).rsqrt(),
        "decay_input": True,
        "reset": "subtract",
        "surrogate": neuro.ATan(2),
    }
    if settings.neuron == "adaptive":
        return neuro.ALIF(settings.hidden, tau, settings.slowest, **shared)
    return neuro.LIF(settings.hidden, tau, **shared)


def _feedback(hidden: int) -> neuro.Linear:
    """Connections that are weak at first: over 784 steps, strong ones make gradients grow."""
    layer = neuro.Linear(hidden, hidden, bias=False)
    with torch.no_grad():
        layer.weight.mul_(0.1)
    return layer
