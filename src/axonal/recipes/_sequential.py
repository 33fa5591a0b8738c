"""Small images as sequences: MNIST of 14 x 14 by rows, by pixels, or by pixels in another order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal.datasets import mnist
from axonal.datasets.sets import permutation
from axonal.recipes._errors import RecipeError
from axonal.recipes._samples import Samples

SIDE, CLASSES = 14, 10
PIXELS = SIDE * SIDE
ORDERS = ("rows", "pixels", "permuted")
TRAIN, HELD_OUT, TEST = 60_000, 5_000, 10_000


@dataclass(frozen=True, eq=False)
class Sequences:
    """Labelled sequences of numbers.

    Args:
        values: `[n, T, N]`.
        labels: class of every sample `[n]`.

    >>> import numpy as np
    >>> Sequences(np.zeros((2, 5, 3), np.float32), np.array([0, 1])).dense([1]).shape
    (5, 1, 3)
    """

    values: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def dense(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Sequences `[T, B, N]` of the chosen samples `[B]`."""
        return np.ascontiguousarray(self.values[np.asarray(indices)].swapaxes(0, 1))


def sequences(order: str, samples: int, validated: int, tested: int) -> Mapping[str, Samples]:
    """MNIST by split: the first training images train, the last ones are for validation.

    Args:
        order: "rows" (14 steps of 14 numbers), "pixels" (196 steps, row by row) or "permuted" (in
            the order of ``datasets.sets.permutation(0, 196)``).
        samples: training images, at most 55 000.
        validated: images of validation, the last ones of those for training, at most 5000.
        tested: test images, the first ones.

    Raises:
        ValueError: the images are not there, or a file is damaged.
    """
    try:
        (x, y), (test_x, test_y) = mnist("train"), mnist("test")
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    held = slice(TRAIN - validated, TRAIN)
    return {
        "train": Sequences(_ordered(x[:samples], order), y[:samples]),
        "validation": Sequences(_ordered(x[held], order), y[held]),
        "test": Sequences(_ordered(test_x[:tested], order), test_y[:tested]),
    }


def _ordered(images: npt.NDArray[np.uint8], order: str) -> npt.NDArray[np.float32]:
    """Means of 2 x 2 pixels, 0 (paper) to 1 (ink), as sequences [n, T, N]."""
    blocks = images.reshape(len(images), SIDE, 2, SIDE, 2)
    grey: npt.NDArray[np.float32] = blocks.mean(axis=(2, 4), dtype=np.float32) / np.float32(255)
    if order == "rows":
        return grey
    pixels: npt.NDArray[np.float32] = grey.reshape(len(images), PIXELS, 1)
    shown: npt.NDArray[np.float32] = pixels[:, permutation(0, PIXELS)]
    return pixels if order == "pixels" else shown


def require_sizes(settings: Any) -> None:
    """Refuse numbers of images that MNIST does not have, naming the setting."""
    for name, most in (("samples", TRAIN - HELD_OUT), ("validated", HELD_OUT), ("tested", TEST)):
        fine = 1 <= getattr(settings, name) <= most
        settings.require(name, fine, f"a whole number from 1 to {most}")
