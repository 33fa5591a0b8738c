"""Classes of sites with the same entries of a few diluted patterns, and how often they occur."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory.noisy_examples import class_means


@dataclass(frozen=True)
class SiteClasses:
    """Classes of sites of a network, told apart by the entries of all patterns there.

    Args:
        stored: zeta, the entries that act on the state [classes, K].
        archetypes: expected entries of the archetypes there [classes, K].
        weights: probability of a class [classes], or of each point and class [points, classes].
    """

    stored: Float64Array
    archetypes: Float64Array
    weights: Float64Array

    def __post_init__(self) -> None:
        if self.stored.shape != self.archetypes.shape:
            raise ValueError(
                f"SiteClasses expects archetypes of the shape of what is stored,"
                f" {self.stored.shape}, got {self.archetypes.shape}."
            )


def clean_classes(K: int, dilution: ArrayLike) -> SiteClasses:
    """Classes of diluted patterns, one of each pair that differs by its sign.

    Args:
        K: number of patterns.
        dilution: d in [0, 1), [points] or a number.

    >>> classes = clean_classes(2, 0.5)
    >>> classes.stored.astype(int).tolist(), classes.weights.tolist()
    ([[0, 0], [0, 1], [1, -1], [1, 0], [1, 1]], [0.25, 0.25, 0.125, 0.25, 0.125])
    """
    return _independent(K, np.array([1.0]), np.array([1.0]), dilution)


def example_classes(K: int, dilution: ArrayLike, quality: float, examples: int) -> SiteClasses:
    """Classes of the class means of noisy examples, exact; blank entries stay blank.

    Args:
        K: number of patterns.
        dilution: d in [0, 1), [points] or a number.
        quality: r in (0, 1].
        examples: M >= 1.

    >>> example_classes(1, 0.0, 1.0, 3).stored.tolist()
    [[0.0], [1.0]]
    """
    zeta, weight = class_means(quality, examples)
    # A class mean says by its sign which archetype is behind it: fold zeta onto zeta >= 0.
    folded: dict[float, list[float]] = {}
    for z, p in zip(zeta, weight, strict=True):
        pair = folded.setdefault(round(abs(z), 12), [0.0, 0.0])
        pair[0] += p
        pair[1] += p * np.sign(z)
    values = np.array([z for z in folded if z > 0])
    chance = np.array([folded[z][0] for z in values])
    sign = np.array([folded[z][1] for z in values]) / chance
    nothing = folded.get(0.0, [0.0])[0]
    d = np.asarray(dilution, dtype=np.float64)
    # A class mean of zero acts as a blank entry does.
    return _independent(K, values, sign, d + (1 - d) * nothing, chance / (1 - nothing))


def _independent(
    K: int,
    values: Float64Array,
    sign: Float64Array,
    blank: ArrayLike,
    chance: Float64Array | None = None,
) -> SiteClasses:
    """Classes with independent entries: 0, or one of +-values with an archetype of that sign."""
    entries = np.concatenate((-values[::-1], [0.0], values))
    behind = np.concatenate((-sign[::-1], [0.0], sign))
    chance = np.ones(1) if chance is None else chance
    half = np.concatenate((chance[::-1], [0.0], chance)) / 2
    index = np.array(list(product(range(entries.size), repeat=K)))
    stored = entries[index]
    # The first entry that is not blank is positive: the other half is its mirror image.
    leading = np.take_along_axis(stored, (stored != 0).argmax(1)[:, None], 1)[:, 0]
    kept = leading >= 0
    index, stored = index[kept], stored[kept]
    blanks = (stored == 0).sum(1)
    filled = np.prod(np.where(stored == 0, 1.0, half[index]), axis=1)
    mirror = np.where(blanks == K, 1.0, 2.0)
    d = np.asarray(blank, dtype=np.float64)[..., None]
    return SiteClasses(stored, behind[index], mirror * filled * d**blanks * (1 - d) ** (K - blanks))


def sample_classes(stored: ArrayLike, archetypes: ArrayLike | None = None) -> SiteClasses:
    """Classes of one sample of patterns, each with the share of sites that show it.

    The same equations with these weights describe a network of finite size: what Monte Carlo finds
    there differs from the ensemble by much more than from this.

    Args:
        stored: patterns, or class means over sqrt(R), of every site [N, K].
        archetypes: archetypes of every site [N, K]; None if the patterns themselves are stored.

    >>> classes = sample_classes([[1, 0], [-1, 0], [1, 1], [0, 0]])
    >>> classes.weights.tolist()
    [0.25, 0.5, 0.25]
    """
    stored = np.asarray(stored, dtype=np.float64)
    if stored.ndim != 2 or stored.size == 0:
        raise ValueError(
            f"sample_classes expects patterns [N, K], one row a site, got {stored.shape}."
        )
    archetypes = stored if archetypes is None else np.asarray(archetypes, dtype=np.float64)
    if archetypes.shape != stored.shape:
        raise ValueError(
            f"sample_classes expects archetypes [N, K] = {stored.shape}, got {archetypes.shape}."
        )
    leading = np.take_along_axis(stored, (stored != 0).argmax(1)[:, None], 1)
    flip = np.where(leading < 0, -1.0, 1.0)
    pairs = np.concatenate((stored * flip, archetypes * flip), axis=1) + 0.0
    classes, counts = np.unique(pairs, axis=0, return_counts=True)
    K = stored.shape[1]
    return SiteClasses(classes[:, :K], classes[:, K:], counts / len(stored))
