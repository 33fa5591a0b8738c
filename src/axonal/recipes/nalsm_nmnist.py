"""N-MNIST read by a liquid that an astrocyte keeps at the activity of its input.

The network is that of Ivanov and Michmizos (2021, arXiv 2111.01760), driven by the events of every
millisecond. A folder with some of the recordings is enough; with few of them, folds take turns.
"""

from dataclasses import dataclass

import numpy as np

from axonal.datasets import EventSet
from axonal.datasets.sets import nmnist
from axonal.recipes import _liquids
from axonal.recipes._errors import RecipeError
from axonal.recipes._nmnist_recordings import CAMERA, FOLDS, split
from axonal.recipes._study import Learned, Parts

MICROSECONDS = 1000
"""Of a step."""


@dataclass(frozen=True, kw_only=True)
class Settings(_liquids.Settings):
    """Settings of the recipe.

    Args:
        fold: of all recordings, train and test together, 0 to 4, the fifth that is for testing;
            none for the official test recordings.

    >>> Settings(fold=2).steps
    300
    """

    steps: int = 300
    fold: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        folds = f"a fold from 0 to {FOLDS - 1}, or none"
        self.require("fold", self.fold is None or 0 <= self.fold < FOLDS, folds)


def learn(settings: Settings, parts: Parts) -> Learned:
    """Let the liquid organise itself, count its spikes, and train readouts of the counts."""
    try:
        sets = nmnist()
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    data = {part: _events(events) for part, events in split(sets, settings.fold).items()}
    if settings.training:
        own, kept = data["train"], slice(settings.training)
        data["train"] = _liquids.Split(own.inputs[kept], own.labels[kept], own.features[kept])
    return _liquids.learn(settings, data, parts)


def _events(recordings: EventSet) -> _liquids.Split:
    """Step and pixel of every event, and the square roots of the events of each pixel."""
    pixels = int(np.prod(CAMERA))
    samples, roots = [], np.zeros((len(recordings), pixels))
    for k, labelled in enumerate(recordings):
        recording = labelled.recording
        address = recording.addresses.astype(np.int64)
        samples.append(np.column_stack([recording.times // MICROSECONDS, address]))
        roots[k] = np.sqrt(np.bincount(address, minlength=pixels))
    return _liquids.Split(samples, recordings.labels, roots)
