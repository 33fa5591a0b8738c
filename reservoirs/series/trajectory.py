"""Trajectories of flows, sampled evenly."""

import numpy as np

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.series._integrate import integrate
from axonal.reservoirs.series._starts import find, starts
from axonal.reservoirs.series.system import System

TRANSIENT = 20.0
"""Lyapunov times left out at the start: starts of two seeds have nothing in common after them."""


def trajectory(
    system: System | str,
    points: int,
    *,
    per_lyapunov_time: float = 30.0,
    dt: float | None = None,
    seed: int = 0,
) -> Float64Array:
    """Samples x(k dt) of a flow on its attractor.

    The equations are solved by Dormand and Prince's pair of order 8 (``scipy``'s DOP853) with a
    relative and an absolute error of 1e-9 a step, from a start near the system's own that the seed
    draws, and the first 20 Lyapunov times are left out. Two machines may round differently: chaos
    makes such series the same for about 20 Lyapunov times only, and alike in their statistics.

    Args:
        system: a flow, or a name in `SYSTEMS`.
        points: T, >= 2.
        per_lyapunov_time: samples per Lyapunov time, > 0; dt = 1 / (exponent x this).
        dt: time between samples, > 0, in place of it.
        seed: of the start.

    Returns:
        Array [T, D].

    Raises:
        ValueError: an unknown name, or a number out of range.

    >>> trajectory("lorenz", 100, dt=0.02).shape
    (100, 3)
    """
    who = "trajectory"
    flow = find(who, system)
    count = checks.whole_number(who, "points", points, 2)
    rate = checks.number(who, "per_lyapunov_time", per_lyapunov_time, 0, open_low=True)
    step = flow.lyapunov_time / rate
    if dt is not None:
        step = checks.number(who, "dt", dt, 0, open_low=True)
    start = starts(flow, 1, np.random.default_rng(checks.seed(who, seed)))[:, 0]
    begun = TRANSIENT * flow.lyapunov_time
    found = integrate(flow.flow, start, np.concatenate(([0.0], begun + step * np.arange(count))))
    states: Float64Array = found[1:]
    return states
