"""N-MNIST: digits seen by a moving event camera, read by a small spiking convolutional network.

The events are those of Orchard, Jayawant, Cohen and Thakor, Frontiers in Neuroscience 9:437, 2015.
A folder with some of the recordings is enough: with few of them, the training recordings are
moved, turned and thinned anew in every epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from axonal import neuro
from axonal.datasets import Binned, Grid
from axonal.recipes._comparison import Arm, Comparison
from axonal.recipes._feed import Feed
from axonal.recipes._nmnist_recordings import CAMERA, CLASSES, FOLDS, Recordings, moved, parts
from axonal.recipes._samples import Derived, Samples

ARMS = ("moved", "still", "linear")


@dataclass(frozen=True, kw_only=True)
class Settings(Recordings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Args:
        arm: "moved" (recordings moved, turned and thinned while training), "still" (as they are) or
            "linear" (logistic regression on the square roots of each pixel's events, the control).
        channels: of the first convolution; the second one has twice as many.
        tau: membrane time constant of the neurons in steps.
        tau_readout: time constant of the readout in steps.
        dropout: share of the features that training silences for a whole sample.

    >>> Settings(arm="linear").grid
    Grid(dt=0.315, steps=1, t0=0.0)
    """

    arm: str = "moved"
    epochs: int = 50
    learning_rate: float = 6e-3
    channels: int = 16
    tau: float = 2.0
    tau_readout: float = 20.0
    dropout: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("arm", self.arm in ARMS, f"one of {', '.join(ARMS)}")
        self.require_counts("channels")
        for name in ("tau", "tau_readout"):
            self.require_tau(name, least=0.1)
        self.require("dropout", 0 <= self.dropout < 1, "a share from 0 to below 1")

    @property
    def grid(self) -> Grid:
        """The steps that events are counted in; the control counts all in one."""
        if self.arm == "linear":
            return Grid(self.dt * self.steps, 1)
        return super().grid


COMPARISON = Comparison(
    arms={
        "moved": Arm("spiking, recordings moved, turned and thinned", {"arm": "moved"}),
        "still": Arm("spiking, recordings as they are", {"arm": "still"}),
        "linear": Arm(
            "logistic regression on square roots of counts",
            {"arm": "linear", "weight_decay": 0.02},
        ),
    },
    seeds=tuple(range(FOLDS)),
    repeats="fold",
    pairs=(("moved", "linear"), ("moved", "still"), ("still", "linear")),
)


@dataclass(frozen=True, eq=False)
class _SquareRoots(Derived):
    """The square roots of counts, whose deviation depends less on their size.

    Args:
        source: counts.
    """

    def dense(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Roots `[T, B, N]` of the chosen samples `[B]`."""
        return np.sqrt(self.source.dense(indices))


def data(settings: Settings) -> Mapping[str, Samples]:
    """The samples by split, "train", "validation" and "test"; the same for every seed.

    Raises:
        ValueError: the recordings are not there, or one is damaged.
    """
    events = parts(settings.fold)
    found: dict[str, Samples] = {part: Binned(events[part], settings.grid) for part in events}
    if settings.arm == "linear":
        return {part: _SquareRoots(samples) for part, samples in found.items()}
    if settings.arm == "moved":
        found["train"] = moved(events["train"], settings)
    return found


def feed(settings: Settings) -> Feed:
    """Counts of a recording of events; the control reads their square roots.

    >>> feed(Settings()).dt
    0.0525
    """
    roots = np.sqrt if settings.arm == "linear" else None
    return Feed(settings.grid.dt, counts=roots)


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> net = build(Settings())
    >>> net(torch.zeros(6, 1, 2312))[0].shape
    torch.Size([6, 1, 10])
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        if settings.arm == "linear":
            pixels = int(np.prod(CAMERA))
            return neuro.Sequential(
                {
                    "weights": neuro.Linear(pixels, CLASSES),
                    "readout": neuro.LeakyIntegrator(CLASSES),
                }
            )
        first, second = settings.channels, 2 * settings.channels
        return neuro.Sequential(
            {
                "picture": nn.Unflatten(1, CAMERA),
                "convolution1": neuro.Conv2d(2, first, 5, stride=2, padding=2, bias=False),
                "norm1": neuro.BatchNorm(first),
                "neurons1": _neurons(settings, first, 17),
                "convolution2": neuro.Conv2d(first, second, 3, stride=2, padding=1, bias=False),
                "norm2": neuro.BatchNorm(second),
                "neurons2": _neurons(settings, second, 9),
                "dropout": neuro.Dropout(settings.dropout, same_over_time=True),
                "flat": nn.Flatten(),
                "weights": neuro.Linear(second * 9 * 9, CLASSES),
                "readout": neuro.LeakyIntegrator(CLASSES, settings.tau_readout, decay_input=True),
            }
        )


def _neurons(settings: Settings, channels: int, side: int) -> neuro.LIF:
    return neuro.LIF((channels, side, side), settings.tau, surrogate=neuro.ATan(2))
