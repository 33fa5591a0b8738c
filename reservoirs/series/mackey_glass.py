"""Mackey and Glass' delay equation, and its Lyapunov exponent."""

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.series._delays import Delay

LYAPUNOV_TIME = 197.0
"""Of the equation with tau = 17, as NeuroBench's forecasts count it.

20000 delays of `mackey_glass_exponent` give 192 ± 2.
"""

BATCHES = 20
"""Parts of a long series whose means give the error of the whole."""


def mackey_glass(
    points: int,
    *,
    dt: float = LYAPUNOV_TIME / 75,
    tau: float = 17.0,
    beta: float = 0.2,
    gamma: float = 0.1,
    n: float = 10.0,
    past: float = 0.7206597,
    discard: float = 0.0,
    steps_per_delay: int = 170,
) -> Float64Array:
    """Samples of dx/dt = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x(t).

    Solved by Runge and Kutta's method of order 4 with a fixed step tau / steps_per_delay from a
    constant past; delayed values between steps, and samples, are read from cubic Hermite
    polynomials. The defaults are those of NeuroBench's forecasts, 75 samples per Lyapunov time. Its
    series themselves are downloads made by another integrator: this one is generated, and equal to
    them for a few Lyapunov times at most.

    Args:
        points: T, >= 1; the first is the end of the past.
        dt: time between samples, > 0.
        tau: delay, > 0.
        beta: production, > 0.
        gamma: decay, > 0.
        n: exponent, > 0.
        past: x(t) for t <= 0, > 0.
        discard: time left out at the start, >= 0.
        steps_per_delay: >= 10.

    Returns:
        Array [T].

    Raises:
        ValueError: a number out of range.

    Source: Mackey and Glass, Science 197, 287 (1977); parameters of Yik et al., Nat. Commun. 16,
    1545 (2025).

    >>> mackey_glass(3).round(3)
    array([0.721, 0.875, 0.994])
    """
    who = "mackey_glass"
    checks.whole_number(who, "points", points, 1)
    checks.number(who, "dt", dt, 0, open_low=True)
    checks.number(who, "discard", discard, 0)
    x = _past(who, tau, beta, gamma, n, past, steps_per_delay)
    times = discard + dt * np.arange(points)
    values, slopes = [x.values[-1:]], []
    for _ in range(int(times[-1] / tau) + 1):
        x = x.followed(_production(x, beta, n), gamma)
        values.append(x.values[1:])
        slopes.append(x.leaving)
    grid = x.step * np.arange(len(slopes) * steps_per_delay + 1)
    slopes.append(x.arriving[-1:])
    found: Float64Array = CubicHermiteSpline(grid, np.concatenate(values), np.concatenate(slopes))(
        times
    )
    return found


def mackey_glass_exponent(
    *,
    tau: float = 17.0,
    beta: float = 0.2,
    gamma: float = 0.1,
    n: float = 10.0,
    past: float = 0.7206597,
    delays: int = 4000,
    steps_per_delay: int = 170,
) -> tuple[float, float]:
    """The largest Lyapunov exponent of the delay equation and its standard error, 1 / time.

    A small difference d follows the derivative of the equation along x(t). After every delay it is
    scaled back to size 1 in the root of the mean square over that delay; the exponent is the mean
    logarithm of its growth per delay over tau, the error that of the means of 20 parts.

    Args:
        tau: delay, > 0.
        beta: production, > 0.
        gamma: decay, > 0.
        n: exponent, > 0.
        past: x(t) for t <= 0, > 0.
        delays: that are counted, >= 100; a quarter as many come before.
        steps_per_delay: >= 10.

    Raises:
        ValueError: a number out of range.

    Source: Farmer, Physica D 4, 366 (1982).

    >>> exponent, error = mackey_glass_exponent(delays=1000)
    >>> abs(exponent - 1 / 197) < 4 * error < 0.004
    True
    """
    who = "mackey_glass_exponent"
    count = checks.whole_number(who, "delays", delays, 100)
    x = _past(who, tau, beta, gamma, n, past, steps_per_delay)
    difference = Delay.constant(1.0, steps_per_delay, x.step)
    grown = []
    for _ in range(count + count // 4):
        gains = (_gain(each, beta, n) for each in x.points())
        inputs = [gain * each for gain, each in zip(gains, difference.points(), strict=True)]
        x = x.followed(_production(x, beta, n), gamma)
        difference = difference.followed((inputs[0], inputs[1], inputs[2]), gamma)
        size = float(np.sqrt(np.mean(difference.values**2)))
        grown.append(np.log(size))
        difference = difference.scaled(1 / size)
    parts = np.array_split(np.array(grown[count // 4 :]) / tau, BATCHES)
    means = np.array([part.mean() for part in parts])
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(BATCHES))


def _past(
    who: str, tau: float, beta: float, gamma: float, n: float, past: float, steps: int
) -> Delay:
    """The constant past, after a check of the parameters."""
    checks.whole_number(who, "steps_per_delay", steps, 10)
    positive = {"tau": tau, "beta": beta, "gamma": gamma, "n": n, "past": past}
    for name, value in positive.items():
        checks.number(who, name, value, 0, open_low=True)
    return Delay.constant(past, steps, tau / steps)


def _production(x: Delay, beta: float, n: float) -> tuple[Float64Array, Float64Array, Float64Array]:
    """The input beta x / (1 + x^n) at the start, in the middle and at the end of each step."""
    first, middle, last = (beta * each / (1 + each**n) for each in x.points())
    return first, middle, last


def _gain(x: Float64Array, beta: float, n: float) -> Float64Array:
    """The derivative of the production by x."""
    power = x**n
    gain: Float64Array = beta * (1 + (1 - n) * power) / (1 + power) ** 2
    return gain
