"""Scores of forecasts: relative error, and time until failure."""

import numpy as np
from numpy.typing import ArrayLike

from axonal._base import checks
from axonal._base.array_types import Float64Array

CONVENTIONS = {"dysts": 100.0, "neurobench": 200.0}
"""Largest value of the error by the name of who uses it."""


def smape(target: ArrayLike, forecast: ArrayLike, *, convention: str) -> float:
    """Symmetric mean absolute percentage error, c mean(|x - y| / (|x| + |y|)).

    Two conventions differ by a factor of two: c = 100 in the benchmark of chaotic systems "dysts",
    and c = 200 in "neurobench" and the M4 competition. Where both are zero the error is zero. Near
    zeros of a signal small errors count fully, so that values of two series do not compare.

    Args:
        target: x, finite, of any shape.
        forecast: y, of the same shape; if any number of it is not finite, the error is c.
        convention: "dysts" or "neurobench".

    Raises:
        ValueError: shapes differ, the target is not finite, an unknown convention.

    Source: Gilpin, NeurIPS Datasets and Benchmarks (2021), arXiv 2110.05266; Yik et al., Nat.
    Commun. 16, 1545 (2025).

    >>> smape([1.0, 1.0], [3.0, 3.0], convention="dysts")
    50.0
    >>> smape([1.0, 1.0], [3.0, 3.0], convention="neurobench")
    100.0
    """
    most = CONVENTIONS[checks.one_of("smape", "convention", convention, CONVENTIONS)]
    x, y = _pair("smape", target, forecast)
    if not np.isfinite(y).all():
        return most
    size = np.abs(x) + np.abs(y)
    shares = np.divide(np.abs(x - y), size, out=np.zeros_like(size), where=size > 0)
    return float(most * shares.mean())


def valid_prediction_time(
    target: ArrayLike,
    forecast: ArrayLike,
    *,
    dt: float,
    exponent: float,
    threshold: float = 0.4,
) -> float:
    """Time until a forecast fails, in Lyapunov times.

    The last t before ||x(t) - y(t)|| / sqrt(<||x - <x>||^2>) exceeds a threshold for the first
    time, times the largest Lyapunov exponent. The first row lies dt after the last point that was
    known; a forecast that never fails is given the time of its last row.

    Args:
        target: x [T, D] or [T], finite, not constant; the average is over its T rows.
        forecast: y of the same shape; it fails where it is not finite.
        dt: time between rows, > 0.
        exponent: largest Lyapunov exponent, > 0.
        threshold: > 0.

    Raises:
        ValueError: shapes differ, the target is constant or not finite, a number out of range.

    Source: Pathak, Hunt, Girvan, Lu and Ott, Phys. Rev. Lett. 120, 024102 (2018), who divide by the
    root of <||x||^2>.

    >>> x = [1.0, -1.0, 1.0, -1.0]
    >>> valid_prediction_time(x, [1.0, -1.0, 0.0, 0.0], dt=0.5, exponent=2.0)
    2.0
    """
    who = "valid_prediction_time"
    checks.number(who, "dt", dt, 0, open_low=True)
    checks.number(who, "exponent", exponent, 0, open_low=True)
    checks.number(who, "threshold", threshold, 0, open_low=True)
    x, y = (a.reshape(len(a), -1) for a in _pair(who, target, forecast))
    size = np.sqrt(((x - x.mean(0)) ** 2).sum(1).mean())
    if not size > 0:
        raise ValueError(f"{who} expects a target that moves, got one that is constant.")
    with np.errstate(over="ignore", invalid="ignore"):
        fails = ~(np.linalg.norm(x - y, axis=1) <= threshold * size)
    rows = int(np.argmax(fails)) if fails.any() else len(x)
    return float(rows * dt * exponent)


def _pair(who: str, target: ArrayLike, forecast: ArrayLike) -> tuple[Float64Array, Float64Array]:
    x, y = np.asarray(target, np.float64), np.asarray(forecast, np.float64)
    if x.shape != y.shape or not x.ndim or not x.size:
        raise ValueError(
            f"{who} expects target and forecast of one shape with a number at least, got {x.shape}"
            f" and {y.shape}."
        )
    if not np.isfinite(x).all():
        raise ValueError(f"{who} expects a finite target, got NaN or infinity.")
    return x, y
