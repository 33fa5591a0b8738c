"""Mackey and Glass' delay equation."""

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from axonal._base import checks
from axonal._base.array_types import Float64Array

LYAPUNOV_TIME = 197.0
"""Of the equation with tau = 17, as NeuroBench's forecasts count it."""


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
    checks.whole_number(who, "steps_per_delay", steps_per_delay, 10)
    positive = {"dt": dt, "tau": tau, "beta": beta, "gamma": gamma, "n": n, "past": past}
    for name, value in positive.items():
        checks.number(who, name, value, 0, open_low=True)
    checks.number(who, "discard", discard, 0)
    times = discard + dt * np.arange(points)
    h = tau / steps_per_delay
    steps = int(np.ceil(times[-1] / h)) + 1
    x = [float(past)] * (steps_per_delay + 1)
    produced = beta * past / (1 + past**n)
    slope = [0.0] * steps_per_delay + [produced - gamma * past]
    for k in range(steps):
        # one delay ago: at the start, in the middle and at the end of this step
        a, b = x[k], x[k + 1]
        # the past is constant up to its end, where the velocity jumps
        arriving = slope[k + 1] if k != steps_per_delay - 1 else 0.0
        middle = (a + b) / 2 + h / 8 * (slope[k] - arriving)
        first, half, last = (beta * d / (1 + d**n) for d in (a, middle, b))
        now = x[-1]
        k1 = first - gamma * now
        k2 = half - gamma * (now + h / 2 * k1)
        k3 = half - gamma * (now + h / 2 * k2)
        k4 = last - gamma * (now + h * k3)
        x.append(now + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
        slope.append(last - gamma * x[-1])
    grid = h * np.arange(steps + 1)
    found: Float64Array = CubicHermiteSpline(grid, x[-steps - 1 :], slope[-steps - 1 :])(times)
    return found
