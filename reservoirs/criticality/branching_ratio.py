"""The branching ratio of activity of which only a part is seen."""

import math
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import curve_fit

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.criticality import _checks


class BranchingRatio(NamedTuple):
    """The result of `branching_ratio`.

    Args:
        ratio: m, offspring per spike.
        time_constant: -1 / ln m in steps.
        share: b, 1 for full sampling and less the less of the network is seen.
        slopes: r_k for k = 1 to the last lag [K].
    """

    ratio: float
    time_constant: float
    share: float
    slopes: Float64Array


def branching_ratio(activity: ArrayLike, lags: int = 50) -> BranchingRatio:
    """Offspring per spike from the activity of a part of a network, by multistep regression.

    The slope of the regression of A(t + k) on A(t) is r_k = b m^k. Seeing only some neurons makes b
    smaller and leaves m as it is, which a single slope r_1 confuses; so both are fitted to many
    lags by least squares.

    Args:
        activity: spikes per step [T], or a raster [T, N] that is summed.
        lags: K, from 2 to T / 3; some time constants are wanted.

    Raises:
        ValueError: activity that is constant or negative, too few steps, slopes that no
            exponential decay describes, as those of activity without memory.

    Source: Wilting and Priesemann, Nat. Commun. 9, 2325 (2018).

    >>> import numpy as np
    >>> generator, a = np.random.default_rng(0), [100]
    >>> for _ in range(20000):
    ...     a.append(generator.poisson(0.9 * a[-1] + 10))
    >>> seen = generator.binomial(a, 0.1)
    >>> found = branching_ratio(seen, 30)
    >>> round(found.ratio, 1), bool(found.slopes[0] < 0.6)
    (0.9, True)
    """
    who = "branching_ratio"
    a = _checks.activity(who, activity)
    count = checks.whole_number(who, "lags", lags, 2)
    if len(a) < 3 * count:
        raise ValueError(
            f"{who} expects at least three steps per lag, got {len(a)} steps for {count} lags."
        )
    if (a == a[0]).all():
        raise ValueError(f"{who} expects activity that changes, got {a[0]:g} in every step.")
    k: Float64Array = np.arange(1, count + 1, dtype=np.float64)
    slopes = np.array([_slope(a[:-lag], a[lag:]) for lag in range(1, count + 1)])
    m, b = _decay(who, k, slopes)
    return BranchingRatio(m, -1 / math.log(m) if m < 1 else math.inf, b, slopes)


def _slope(x: Float64Array, y: Float64Array) -> float:
    centred = x - x.mean()
    square = float(centred @ centred)
    return float(centred @ y) / square if square else 0.0


def _decay(who: str, k: Float64Array, slopes: Float64Array) -> tuple[float, float]:
    """The m and b of b m^k that fits best, from several starts."""

    def residual(found: tuple[float, float]) -> float:
        return float(((slopes - found[1] * found[0] ** k) ** 2).sum())

    fits = []
    with warnings.catch_warnings():
        # the covariance is not used
        warnings.simplefilter("ignore")
        for start in (0.5, 0.9, 0.99):
            try:
                found, _ = curve_fit(
                    lambda k, m, b: b * m**k,
                    k,
                    slopes,
                    p0=(start, max(slopes[0] / start, 1e-3)),
                    bounds=((1e-6, 0), (2, np.inf)),
                )
            except RuntimeError:
                continue
            fits.append((float(found[0]), float(found[1])))
    best = min(fits, key=residual, default=(0.0, 0.0))
    # as good as no slope at all: memory is not distinguished from none
    if residual(best) > 0.5 * float((slopes**2).sum()):
        raise ValueError(
            f"{who} finds no exponential decay in the slopes, the first of which is"
            f" {slopes[0]:.3g}: the activity has no memory, or lags reach too far beyond it."
        )
    return best
