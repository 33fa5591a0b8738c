"""Handwritten digits as spike times, read by a small network with a learnable delay per synapse."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from axonal import datasets, neuro
from axonal.recipes import _settings
from axonal.recipes._samples import Padded, Samples

PIXELS, CLASSES = 64, 10


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.Settings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Args:
        steps: length of a sample in steps; a pixel spikes once, the darker the earlier.
        hidden: spiking neurons.
        max_delay: longest delay in steps; as many silent steps follow each sample.
        tau: membrane time constant of the neurons in steps.
        reset: of the neurons, "subtract" or "zero"; chips and simulators have "zero".
        tau_readout: time constant of the readout in steps.
        thinning: share of the input spikes that training drops at random.

    >>> Settings(epochs=3).freeze_epoch
    2
    """

    epochs: int = 35
    learning_rate: float = 0.015
    steps: int = 16
    hidden: int = 128
    max_delay: int = 8
    tau: float = 10.0
    reset: str = "subtract"
    tau_readout: float = 20.0
    thinning: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_counts("steps", "hidden")
        self.require("max_delay", self.max_delay >= 0, "a whole number of steps >= 0")
        self.require("thinning", 0 <= self.thinning < 1, "a share from 0 to below 1")
        self.require("reset", self.reset in ("zero", "subtract"), '"zero" or "subtract"')
        for name in ("tau", "tau_readout"):
            self.require_tau(name, least=0.1)


def data(settings: Settings) -> Mapping[str, Samples]:
    """The samples by split, "train", "validation" and "test"; the same for every seed.

    >>> data(Settings())["test"].dense([0, 1, 2]).shape
    (24, 3, 64)
    """
    return {
        split: Padded(datasets.digits(split, steps=settings.steps), settings.max_delay)
        for split in ("train", "validation", "test")
    }


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> net = build(Settings(hidden=4))
    >>> net(torch.zeros(24, 1, 64))[0].shape
    torch.Size([24, 1, 10])
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return neuro.Sequential(
            {
                "thinning": neuro.Dropout(settings.thinning),
                "delays": neuro.DelayedLinear(PIXELS, settings.hidden, settings.max_delay),
                "norm": neuro.BatchNorm(settings.hidden),
                "hidden": neuro.LIF(
                    settings.hidden, settings.tau, reset=settings.reset, surrogate=neuro.ATan(5)
                ),
                "weights": neuro.Linear(settings.hidden, CLASSES),
                "readout": neuro.LeakyIntegrator(CLASSES, settings.tau_readout),
            }
        )
