"""One repeat of the experiment ``archetypes``: images learned from noisy copies, then retrieved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonal._base.array_types import Float64Array
from axonal._base.sweeps import Row
from axonal.datasets import fashion_mnist, mnist
from axonal.recipes._errors import RecipeError
from axonal.recipes._runs import Job

READERS: dict[str, Callable[[str], tuple[Any, Any]]] = {
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
}
ARMS = {
    "P = 2": (2, False),
    "P = 2, projection": (2, True),
    "P = 4": (4, False),
    "P = 6": (6, False),
    "P = 10": (10, False),
}
QUALITIES = (0.1, 0.2, 0.3, 0.4, 0.6, 1.0)
EXAMPLES = (1, 5, 20, 50, 200)
USUAL_QUALITY, USUAL_EXAMPLES = 0.3, 50
STARTS, TESTED, SWEEPS = 5, 200, 20


@dataclass(frozen=True)
class Repeat(Job):
    """One choice of archetypes and noise.

    Args:
        data: "mnist" or "fashion_mnist".
        seed: draws archetypes, noise and test images.
    """

    data: str
    seed: int

    @property
    def identity(self) -> list[Any]:
        """Data, seed, memories and noise."""
        settings = [ARMS, QUALITIES, EXAMPLES, USUAL_QUALITY, USUAL_EXAMPLES]
        return ["archetypes", self.data, self.seed, *settings, STARTS, TESTED, SWEEPS]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment, data and seed."""
        return "archetypes", {"data": self.data, "seed": self.seed}

    def measure(self) -> Row:
        """Learn from noisy copies over quality and number, and from the images of each class."""
        try:
            (images, labels), (unseen, truth) = (
                (binary(pictures), classes)
                for pictures, classes in map(READERS[self.data], ("train", "test"))
            )
        except (FileNotFoundError, ValueError) as error:
            raise RecipeError(str(error)) from error
        rng = np.random.default_rng(self.seed)
        chosen = [rng.choice(np.flatnonzero(labels == c)) for c in range(10)]
        archetypes = images[chosen].astype(np.float64)
        settings = {(r, USUAL_EXAMPLES) for r in QUALITIES}
        settings |= {(USUAL_QUALITY, M) for M in EXAMPLES}
        noisy = [
            {"r": r, "M": M, **from_copies(archetypes, r, M, rng)} for r, M in sorted(settings)
        ]
        overlaps = archetypes @ archetypes.T / archetypes.shape[1]
        between = overlaps[~np.eye(10, dtype=bool)]
        tested = rng.choice(len(unseen), TESTED, replace=False)
        means = np.stack([images[labels == c].mean(0) for c in range(10)])
        return {
            "overlap_of_archetypes": [float(between.mean()), float(between.max())],
            "copies": noisy,
            "classes": from_classes(means, unseen[tested].astype(np.float64), truth[tested]),
        }


def binary(images: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Images as +1 above their own mean and -1 elsewhere, [n, pixels].

    >>> binary(np.array([[[0, 200], [10, 30]]], np.uint8))
    array([[-1,  1, -1, -1]], dtype=int8)
    """
    flat = images.reshape(len(images), -1)
    return np.where(flat > flat.mean(1, keepdims=True), np.int8(1), np.int8(-1))


def from_copies(
    archetypes: Float64Array, r: float, M: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Retrieve archetypes from unseen noisy copies, by a memory of the means of M noisy copies.

    Args:
        archetypes: [K, N] of +-1.
        r: quality of copies, of those that are learned and those that are started from.
        M: copies learned of each.
        rng: of the noise.
    """
    K, N = archetypes.shape

    def kept(*shape: int) -> Float64Array:
        return np.where(rng.random(shape) < (1 + r) / 2, 1.0, -1.0)

    means = np.stack([(kept(M, N) * xi).mean(0) for xi in archetypes])
    stored = means / np.sqrt(r**2 + (1 - r**2) / M)
    own = np.repeat(np.arange(K), STARTS)
    starts = archetypes[own] * kept(K * STARTS, N)
    found: dict[str, Any] = {}
    for arm, (P, projected) in ARMS.items():
        ends = descend(decorrelated(stored) if projected else stored, starts, P)
        overlaps = ends @ archetypes.T / N
        found[arm] = {
            "overlap": float(overlaps[np.arange(len(own)), own].mean()),
            "right": float((overlaps.argmax(1) == own).mean()),
        }
    return found


def from_classes(
    means: Float64Array, images: Float64Array, labels: NDArray[np.int64]
) -> dict[str, float]:
    """Share of unseen images that end nearest to the mean of their class, and start nearest to it.

    Args:
        means: of the binary images of every class [K, N], which are stored.
        images: where the dynamics starts [B, N].
        labels: their classes [B].
    """
    stored = means / np.sqrt((means**2).mean(1, keepdims=True))
    shares = {"no dynamics": float(((images @ stored.T).argmax(1) == labels).mean())}
    for arm, (P, projected) in ARMS.items():
        ends = descend(decorrelated(stored) if projected else stored, images, P)
        shares[arm] = float(((ends @ stored.T).argmax(1) == labels).mean())
    return shares


def decorrelated(stored: Float64Array) -> Float64Array:
    """Patterns whose Hebbian couplings are the projection onto all patterns, [K, N].

    ``C^(-1/2) X`` with C the matrix of overlaps, so that the couplings are ``X^T C^(-1) X / N``.
    L. Personnaz, I. Guyon, G. Dreyfus, J. Physique Lett. 46, 359 (1985).

    Args:
        stored: X [K, N], linearly independent.

    >>> y = decorrelated(np.array([[1.0, 1.0, 1.0, -1.0], [1.0, 1.0, 1.0, 1.0]]))
    >>> (y @ y.T / 4).round(12).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    values, axes = np.linalg.eigh(stored @ stored.T / stored.shape[1])
    return np.asarray((axes / np.sqrt(values)) @ axes.T @ stored)


def descend(stored: Float64Array, starts: Float64Array, P: int) -> Float64Array:
    """States that single spins reach downhill in E = -sum over patterns of (X s / N)^P.

    Spins are visited in turn until none moves, at most 20 times each; the difference of the two
    energies of a spin is exact, and where they are equal it stays.

    Args:
        stored: X [K, N].
        starts: +-1, [B, N].
        P: spins in an interaction.
    """
    N = starts.shape[1]
    entries, spins = stored / N, starts.copy()
    overlaps = spins @ entries.T
    for _ in range(SWEEPS):
        moved = False
        for i in range(N):
            others = overlaps - spins[:, i : i + 1] * entries[:, i]
            gain = ((others + entries[:, i]) ** P - (others - entries[:, i]) ** P).sum(1)
            new = np.where(gain == 0, spins[:, i], np.sign(gain))
            moved |= bool((new != spins[:, i]).any())
            spins[:, i] = new
            overlaps = others + new[:, None] * entries[:, i]
        if not moved:
            break
    return spins
