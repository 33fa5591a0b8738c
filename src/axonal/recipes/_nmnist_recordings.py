"""Recordings of N-MNIST as its recipes take them: folds, moves, counts per step.

The events are those of Orchard, Jayawant, Cohen and Thakor, Frontiers in Neuroscience 9:437, 2015.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal.datasets import EventSet, Grid, transforms
from axonal.datasets.sets import nmnist
from axonal.recipes import _settings
from axonal.recipes._errors import RecipeError
from axonal.recipes._samples import Augmented

FOLDS, CLASSES = 5, 10
VALIDATION = 10  # one of so many recordings that are not for testing
CAMERA = (2, 34, 34)


@dataclass(frozen=True, kw_only=True)
class Recordings(_settings.Settings):
    """Settings of the recordings.

    Args:
        fold: of all recordings, train and test together, 0 to 4, the fifth that is for testing;
            none for the official test recordings.
        steps: length of a sample in steps of ``dt``; the camera moves three times in 0.315 s, and
            what comes later is left out.
        shift: farthest that a training recording is moved to any side, in pixels.
        turn: farthest that it is turned, in degrees.
        thinning: share of its events that is left out.
    """

    fold: int | None = None
    freeze_from: float = 1.0
    dt: float = 0.0525
    steps: int = 6
    shift: int = 2
    turn: float = 10.0
    thinning: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        folds = f"a fold from 0 to {FOLDS - 1}, or none"
        self.require("fold", self.fold is None or 0 <= self.fold < FOLDS, folds)
        self.require_counts("steps")
        self.require("thinning", 0 <= self.thinning < 1, "a share from 0 to below 1")
        self.require("shift", self.shift >= 0, "a whole number of pixels >= 0")
        self.require("turn", 0 <= self.turn <= 180, "degrees from 0 to 180")

    @property
    def grid(self) -> Grid:
        """The steps that events are counted in."""
        return Grid(self.dt, self.steps)


def moved(events: EventSet, settings: Recordings) -> Augmented:
    """Recordings that are moved, turned and thinned anew in every epoch."""
    moves = transforms.Compose(
        [
            transforms.Rotate(spread=settings.turn),
            transforms.Shift(settings.shift, settings.shift),
            transforms.DropEvents(settings.thinning),
        ]
    )
    return Augmented(transforms.Transformed(events, moves, seed=settings.seed), settings.grid)


def parts(fold: int | None) -> dict[str, EventSet]:
    """Recordings for training, validation and testing, of a fold or of the official split."""
    try:
        sets = nmnist()
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    return split(sets, fold)


def split(sets: Mapping[str, EventSet], fold: int | None) -> dict[str, EventSet]:
    """Share the recordings of N-MNIST out.

    Folds take turns: of the recordings of a digit, in the order of MNIST, number k is for testing
    in fold k mod 5. Of those that are left, the first of every ten of a digit is for validation.
    """
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
