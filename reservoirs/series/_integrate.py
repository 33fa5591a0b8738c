"""The one integrator of the flows."""

import numpy as np
from scipy.integrate import solve_ivp

from axonal._base.array_types import AnyArray, Float64Array
from axonal.reservoirs.series.system import Flow

METHOD, TOLERANCE = "DOP853", 1e-9
"""Dormand and Prince's Runge-Kutta pair of order 8; its relative and absolute error per step."""


def integrate(flow: Flow, state: AnyArray, times: Float64Array) -> AnyArray:
    """States [T, ...] at some times, from a state of any shape at the first of them.

    Raises:
        ValueError: the solution leaves every bound.
    """
    shape = state.shape

    def velocity(_: float, flat: AnyArray) -> AnyArray:
        return flow(flat.reshape(shape)).ravel()

    with np.errstate(over="ignore", invalid="ignore"):
        found = solve_ivp(
            velocity,
            (times[0], times[-1]),
            state.ravel(),
            method=METHOD,
            t_eval=times,
            rtol=TOLERANCE,
            atol=TOLERANCE,
        )
    if not found.success or not np.isfinite(found.y).all():
        raise ValueError(
            f"The flow leaves every bound before time {times[-1]:g}: the start lies outside the"
            " basin of its attractor; begin nearer to it."
        )
    states: AnyArray = found.y.T.reshape(-1, *shape)
    return states
