"""Means, deviations and paired differences over seeds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences with its confidence interval, ``mean - half`` to ``mean + half``.

    Args:
        mean: of the differences.
        half: half of the width of the interval.
    """

    mean: float
    half: float

    @property
    def positive(self) -> bool:
        """Whether the whole interval lies above zero."""
        return self.mean - self.half > 0

    @property
    def negative(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.mean + self.half < 0


def paired(higher: Sequence[float], lower: Sequence[float], comparisons: int = 1) -> Difference:
    """Compare two arms seed by seed, with Student's t over the differences.

    half = t(1 - 0.025 / m, n - 1) s / sqrt(n), with s the standard deviation of the n differences.

    Args:
        higher: a value a seed.
        lower: the values of the other arm for the same seeds, in the same order.
        comparisons: m, of which all intervals together hold with 95 % (Bonferroni's correction).

    Returns:
        the mean of ``higher - lower`` and its 95 % interval.

    Raises:
        ValueError: the arms have different seeds, or fewer than two.

    >>> paired([3.0, 5.0], [1.0, 3.0])
    Difference(mean=2.0, half=0.0)
    """
    if len(higher) != len(lower) or len(higher) < 2:
        raise ValueError(
            f"paired expects two arms with the same seeds, at least two, got {len(higher)} and "
            f"{len(lower)} values."
        )
    differences = [a - b for a, b in zip(higher, lower, strict=True)]
    n = len(differences)
    quantile = float(stats.t.ppf(1 - (1 - CONFIDENCE) / 2 / comparisons, n - 1))
    half = quantile * statistics.stdev(differences) / math.sqrt(n)
    return Difference(statistics.fmean(differences), half)


def half_width(values: Sequence[float]) -> float:
    """Half of the 95 % interval of the mean of ``values``.

    >>> half_width([1.0, 1.0, 1.0])
    0.0
    """
    return paired(values, [0.0] * len(values)).half


def verdict(learned_fixed: Difference, fixed_none: Difference) -> str:
    """Name the order that holds beyond the intervals, and nothing else.

    >>> verdict(Difference(0.1, 0.05), Difference(0.01, 0.02))
    'learned > fixed; fixed and none do not separate'
    """
    first, second = _order("learned", "fixed", learned_fixed), _order("fixed", "none", fixed_none)
    if learned_fixed.positive and fixed_none.positive:
        return "learned > fixed > none"
    return f"{first}; {second}"


def _order(a: str, b: str, difference: Difference) -> str:
    if difference.positive:
        return f"{a} > {b}"
    if difference.negative:
        return f"{b} > {a}"
    return f"{a} and {b} do not separate"
