"""Means, deviations and paired differences over seeds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences with its confidence interval, ``mean - half`` to ``mean + half``.

    Args:
        mean: of the differences.
        half: half of the width of the interval.

    >>> Difference(0.05, 0.02).positive
    True
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

    def __str__(self) -> str:
        low, high = self.mean - self.half, self.mean + self.half
        return f"{self.mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def paired(higher: Sequence[float], lower: Sequence[float], comparisons: int = 1) -> Difference:
    """Compare two arms seed by seed, with Student's t over the differences.

    half = t(1 - 0.025 / m, n - 1) s / sqrt(n), with s the standard deviation of the n differences.

    Args:
        higher: values, one per seed.
        lower: the values of the other arm for the same seeds, in the same order.
        comparisons: m, of which all intervals together hold with 95 % (Bonferroni's correction).

    Returns:
        the mean of ``higher - lower`` and its 95 % interval.

    Raises:
        ValueError: the arms have different seeds, or fewer than two.

    >>> paired([3.0, 5.0], [1.0, 3.0])
    Difference(mean=2.0, half=0.0)
    """
    from scipy import stats

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


def binomial_error(shares: Sequence[float], samples: Sequence[int]) -> float:
    """Standard error of a share over samples that were tested in parts.

    sqrt(p (1 - p) / n), with n all samples and p the share over all of them.

    Args:
        shares: of each part, 0 to 1.
        samples: of each part, which have none in common.

    >>> binomial_error([0.8, 1.0], [50, 50])
    0.03
    """
    n = sum(samples)
    p = sum(share * count for share, count in zip(shares, samples, strict=True)) / n
    return math.sqrt(p * (1 - p) / n)


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation over seeds.

    >>> spread([0.5, 0.75])
    '0.625 ± 0.177'
    """
    return f"{statistics.fmean(values):.3f} ± {statistics.stdev(values):.3f}"


def order(names: Sequence[str], differences: Sequence[Difference]) -> str:
    """The order of arms that holds beyond the intervals, and nothing else.

    Args:
        names: of the arms, the one that is expected highest first.
        differences: of each arm and the next one.

    >>> order(("learned", "fixed", "none"), (Difference(0.1, 0.05), Difference(0.01, 0.02)))
    'learned > fixed; fixed and none do not separate'
    >>> order(("learned", "fixed", "none"), (Difference(0.1, 0.05), Difference(0.2, 0.02)))
    'learned > fixed > none'
    """
    if all(difference.positive for difference in differences):
        return " > ".join(names)
    return "; ".join(
        f"{a} > {b}" if apart.positive
        else f"{b} > {a}" if apart.negative
        else f"{a} and {b} do not separate"
        for a, b, apart in zip(names[:-1], names[1:], differences, strict=True)
    )  # fmt: skip
