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
from axonal.datasets import Binned, EventSet, Grid, transforms
from axonal.datasets.sets import nmnist
from axonal.recipes import _settings
from axonal.recipes._comparison import Arm, Comparison
from axonal.recipes._errors import RecipeError
from axonal.recipes._feed import Feed
from axonal.recipes._samples import Augmented, Derived, Samples

ARMS = ("moved", "still", "linear")
FOLDS, CLASSES = 5, 10
VALIDATION = 10  # one of so many recordings that are not for testing
CAMERA = (2, 34, 34)


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.Settings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Args:
        arm: "moved" (recordings moved, turned and thinned while training), "still" (as they are) or
            "linear" (logistic regression on the square roots of each pixel's events, the control).
        fold: of all recordings, train and test together, 0 to 4, the fifth that is for testing;
            none for the official test recordings.
        steps: length of a sample in steps of ``dt``; the camera moves three times in 0.315 s, and
            what comes later is left out.
        channels: of the first convolution; the second one has twice as many.
        tau: membrane time constant of the neurons in steps.
        tau_readout: time constant of the readout in steps.
        dropout: share of the features that training silences for a whole sample.
        shift: farthest that a training recording is moved to any side, in pixels.
        turn: farthest that it is turned, in degrees.
        thinning: share of its events that is left out.

    >>> Settings(arm="linear").grid
    Grid(dt=0.315, steps=1, t0=0.0)
    """

    arm: str = "moved"
    fold: int | None = None
    epochs: int = 50
    learning_rate: float = 6e-3
    freeze_from: float = 1.0
    dt: float = 0.0525
    steps: int = 6
    channels: int = 16
    tau: float = 2.0
    tau_readout: float = 20.0
    dropout: float = 0.3
    shift: int = 2
    turn: float = 10.0
    thinning: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("arm", self.arm in ARMS, f"one of {', '.join(ARMS)}")
        folds = f"a fold from 0 to {FOLDS - 1}, or none"
        self.require("fold", self.fold is None or 0 <= self.fold < FOLDS, folds)
        for name in ("steps", "channels"):
            self.require(name, getattr(self, name) >= 1, "a whole number >= 1")
        for name in ("tau", "tau_readout"):
            self.require_tau(name, least=0.1)
        for name in ("dropout", "thinning"):
            self.require(name, 0 <= getattr(self, name) < 1, "a share from 0 to below 1")
        self.require("shift", self.shift >= 0, "a whole number of pixels >= 0")
        self.require("turn", 0 <= self.turn <= 180, "degrees from 0 to 180")

    @property
    def grid(self) -> Grid:
        """The steps that events are counted in; the control counts all in one."""
        if self.arm == "linear":
            return Grid(self.dt * self.steps, 1)
        return Grid(self.dt, self.steps)


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

    Folds take turns: of the recordings of a digit, in the order of MNIST, number k is for testing
    in fold k mod 5. Of those that are left, the first of every ten of a digit is for validation.

    Raises:
        ValueError: the recordings are not there, or one is damaged.
    """
    events = parts(settings)
    found: dict[str, Samples] = {part: Binned(events[part], settings.grid) for part in events}
    if settings.arm == "linear":
        return {part: _SquareRoots(samples) for part, samples in found.items()}
    if settings.arm == "moved":
        moves = transforms.Compose(
            [
                transforms.Rotate(spread=settings.turn),
                transforms.Shift(settings.shift, settings.shift),
                transforms.DropEvents(settings.thinning),
            ]
        )
        moved = transforms.Transformed(events["train"], moves, seed=settings.seed)
        found["train"] = Augmented(moved, settings.grid)
    return found


def feed(settings: Settings) -> Feed:
    """Counts of a recording of events; the control reads their square roots.

    >>> feed(Settings()).dt
    0.0525
    """
    roots = np.sqrt if settings.arm == "linear" else None
    return Feed(settings.grid.dt, counts=roots)


def parts(settings: Settings) -> dict[str, EventSet]:
    """Recordings for training, validation and testing, of a fold or of the official split."""
    try:
        sets = nmnist()
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    return split(sets, settings.fold)


def split(sets: Mapping[str, EventSet], fold: int | None) -> dict[str, EventSet]:
    """Share the recordings of N-MNIST out; see `data`."""
    everything, tested = sets["train"], np.zeros(len(sets["train"]), bool)
    if fold is not None:
        everything = EventSet.join([sets["train"], sets["test"]], "N-MNIST, train and test")
        tested = _rank(everything.labels) % FOLDS == fold
    rest = np.flatnonzero(~tested)
    held = _rank(everything.labels[rest]) % VALIDATION == 0
    return {
        "train": everything.select(rest[~held]),
        "validation": everything.select(rest[held]),
        "test": sets["test"] if fold is None else everything.select(np.flatnonzero(tested)),
    }


def _rank(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rank of every sample among those of its class, from 0."""
    found = np.empty_like(labels)
    for label in np.unique(labels):
        own = labels == label
        found[own] = np.arange(own.sum())
    return found


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
