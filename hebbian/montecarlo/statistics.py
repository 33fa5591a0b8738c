"""Errors of means: within a run by blocking, over samples, and of functions by the jackknife."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array

LEAST_BLOCKS = 8
"""Fewer blocks than this say nothing of their own spread."""

WINDOW = 5
"""The autocorrelation is summed up to this many times its integral (Madras and Sokal)."""


class Survivors(NamedTuple):
    """Mean over the samples that kept their memory.

    Attributes:
        mean: nan if none did.
        error: standard deviation over samples (n - 1) over the root of n; nan for fewer than two.
        samples: n.
    """

    mean: float
    error: float
    samples: int


def blocking(series: ArrayLike) -> float:
    """Standard error of the mean of a correlated series, by blocking.

    Neighbours are averaged in pairs again and again; the error of the mean of n blocks,
    sqrt(var / (n - 1)) with the variance over n, grows until blocks are independent. The largest
    of these with at least eight blocks is returned.
    H. Flyvbjerg and H. G. Petersen, J. Chem. Phys. 91, 461 (1989).

    Args:
        series: [S] values in the order of time.

    Returns:
        the error; nan for fewer than two values.

    >>> round(blocking([1.0, -1.0] * 50), 3)
    0.101
    >>> blocking([0.5])
    nan
    """
    blocks = _series(series)
    if len(blocks) < 2:
        return math.nan
    largest = 0.0
    while True:
        largest = max(largest, math.sqrt(blocks.var() / (len(blocks) - 1)))
        if len(blocks) < 2 * LEAST_BLOCKS:
            return largest
        blocks = blocks[: len(blocks) // 2 * 2].reshape(-1, 2).mean(1)


def autocorrelation_time(series: ArrayLike) -> float:
    """Integrated autocorrelation time in steps: tau = 1/2 + sum of rho(t), 1/2 if uncorrelated.

    The sum ends at the first t of at least 5 tau(t). The variance of the mean of S values is
    2 tau / S times that of one.
    N. Madras and A. D. Sokal, J. Stat. Phys. 50, 109 (1988).

    Args:
        series: [S] values in the order of time.

    Returns:
        the time; 1/2 for a series that does not change.

    >>> autocorrelation_time([2.0, 2.0, 2.0])
    0.5
    """
    values = _series(series)
    deviation = values - values.mean()
    if not deviation.any():
        return 0.5
    # Padded with zeros, so that the end of the series does not meet its beginning.
    transform = np.fft.rfft(deviation, 2 * len(values))
    covariance = np.fft.irfft(np.abs(transform) ** 2)[: len(values)]
    times = 0.5 + np.cumsum(covariance[1:] / covariance[0])
    beyond = np.flatnonzero(np.arange(1, len(times) + 1) >= WINDOW * times)
    if len(beyond):
        return float(max(times[beyond[0]], 0.5))
    return float(max(times[-1], 0.5))


def jackknife(
    statistic: Callable[[Float64Array], float], samples: ArrayLike
) -> tuple[float, float]:
    """A function of sample means, with its bias removed, and its standard error.

    With theta_i the statistic without sample i and theta that of all: the estimate is
    n theta - (n - 1) mean(theta_i) and the error sqrt((n - 1) / n sum (theta_i - mean)^2).

    Args:
        statistic: of samples [n, ...].
        samples: [n, ...], at least two.

    Returns:
        estimate and error.

    Raises:
        ValueError: for fewer than two samples.

    >>> jackknife(lambda x: float(x.mean()), [1.0, 2.0, 3.0])[0]
    2.0
    """
    values = np.asarray(samples, np.float64)
    if len(values) < 2:
        raise ValueError(f"jackknife needs at least 2 samples, got {len(values)}.")
    count = len(values)
    without = np.array([statistic(np.delete(values, i, axis=0)) for i in range(count)])
    estimate = count * statistic(values) - (count - 1) * without.mean()
    return float(estimate), float(math.sqrt((count - 1) * without.var()))


def survival(survived: ArrayLike) -> tuple[float, float]:
    """Fraction of samples that survived, and its standard error.

    The error is sqrt(p (1 - p) / (n + 1)) at p = (k + 1/2) / (n + 1), the mean under Jeffreys'
    prior, so that it is not zero where all or none survived.

    Args:
        survived: [n] truth values.

    Returns:
        fraction k / n and error.

    Raises:
        ValueError: for no sample at all.

    >>> fraction, error = survival([True, True, True, False])
    >>> fraction, round(error, 3)
    (0.75, 0.205)
    """
    values = np.asarray(survived, bool).ravel()
    if not len(values):
        raise ValueError("survival needs at least one sample, got none.")
    kept, count = int(values.sum()), len(values)
    p = (kept + 0.5) / (count + 1)
    return kept / count, math.sqrt(p * (1 - p) / (count + 1))


def survivors(values: ArrayLike, survived: ArrayLike) -> Survivors:
    """Mean over samples of the runs that survived, with the error over samples.

    The replicas of a sample share its disorder, so that each sample counts once. Where memories are
    lost, survivors are those with more overlap: close to a spinodal their mean lies above that of
    theory.

    Args:
        values: [samples, replicas].
        survived: [samples, replicas] truth values.

    Returns:
        mean, error and number of samples.

    >>> survivors([[0.9], [0.1], [0.8]], [[True], [False], [True]]).samples
    2
    """
    numbers, kept = np.asarray(values, np.float64), np.asarray(survived, bool)
    each = [row[keep].mean() for row, keep in zip(numbers, kept, strict=True) if keep.any()]
    if not each:
        return Survivors(math.nan, math.nan, 0)
    error = np.std(each, ddof=1) / math.sqrt(len(each)) if len(each) > 1 else math.nan
    return Survivors(float(np.mean(each)), float(error), len(each))


def _series(series: ArrayLike) -> Float64Array:
    values = np.asarray(series, np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"a series has one axis, time, and is not empty; got {values.shape}.")
    return values
