"""Lyapunov exponents of flows, from vectors that are carried along and made orthonormal again."""

from typing import NamedTuple

import numpy as np

from axonal._base import checks
from axonal._base.array_types import AnyArray, Float64Array
from axonal.reservoirs.series._integrate import integrate
from axonal.reservoirs.series._starts import find, starts
from axonal.reservoirs.series.system import System

TINY = 1e-30
"""Imaginary step of a derivative: nothing is subtracted, so that it costs no digits."""

TURNING = 12
"""Intervals that are not counted: six Lyapunov times."""


class LyapunovSpectrum(NamedTuple):
    """Lyapunov exponents, the largest first, 1 / time.

    Args:
        values: means over stretches [K].
        errors: standard errors of these means [K].
    """

    values: Float64Array
    errors: Float64Array


def lyapunov_spectrum(
    system: System | str,
    count: int | None = None,
    *,
    stretches: int = 32,
    length: float = 20.0,
    seed: int = 0,
) -> LyapunovSpectrum:
    """The largest Lyapunov exponents of a flow, with standard errors.

    K tangent vectors Q follow dQ/dt = J(x) Q along x(t). After every interval of half a Lyapunov
    time Q = Q' R, and lambda_k is the mean of ln R_kk over the time. Many stretches, from starts
    that have nothing in common after a transient, are computed side by side: their means are
    independent, and the standard error is s / sqrt(stretches).

    Args:
        system: a flow, or a name in `SYSTEMS`.
        count: K, from 1 to the dimension; all by default.
        stretches: parallel trajectories, >= 2.
        length: of each, in Lyapunov times, > 0; a transient of 16 comes before, in whose last 6
            the vectors turn.
        seed: of the starts.

    Raises:
        ValueError: an unknown name, or a number out of range.

    Source: Benettin, Galgani, Giorgilli and Strelcyn, Meccanica 15, 9 (1980). The product J Q is
    taken by an imaginary step: Squire and Trapp, SIAM Rev. 40, 110 (1998).

    >>> found = lyapunov_spectrum("lorenz", stretches=4, length=5)
    >>> round(float(found.values.sum()), 3)  # minus 10 + 1 + 8 / 3, the contraction of volumes
    -13.667
    """
    who = "lyapunov_spectrum"
    flow = find(who, system)
    size = flow.dimension
    k = size if count is None else checks.whole_number(who, "count", count, 1, size)
    checks.whole_number(who, "stretches", stretches, 2)
    checks.number(who, "length", length, 0, open_low=True)
    intervals = max(1, round(2 * length))
    step = np.array([0.0, length * flow.lyapunov_time / intervals])
    generator = np.random.default_rng(checks.seed(who, seed))
    states = starts(flow, stretches, generator)
    states = integrate(flow.flow, states, np.array([0.0, 10 * flow.lyapunov_time]))[-1]
    vectors = np.linalg.qr(generator.standard_normal((stretches, size, k)))[0].transpose(1, 0, 2)

    def extended(both: AnyArray) -> AnyArray:
        moved = flow.flow(both[..., :1] + 1j * TINY * both[..., 1:])
        return np.concatenate((moved.real[..., :1], moved.imag / TINY), -1)

    grown = np.zeros((stretches, k))
    for interval in range(-TURNING, intervals):
        both = np.concatenate((states[..., None], vectors), -1)
        both = integrate(extended, both, step)[-1]
        states = both[..., 0]
        q, r = np.linalg.qr(both[..., 1:].transpose(1, 0, 2))
        vectors = q.transpose(1, 0, 2)
        # the first intervals turn the random vectors into the directions of growth
        if interval >= 0:
            grown += np.log(np.abs(np.diagonal(r, axis1=-2, axis2=-1)))
    each = grown / (intervals * step[1])
    return LyapunovSpectrum(each.mean(0), each.std(0, ddof=1) / np.sqrt(stretches))


def lyapunov_exponent(
    system: System | str, *, stretches: int = 32, length: float = 20.0, seed: int = 0
) -> tuple[float, float]:
    """The largest Lyapunov exponent of a flow and its standard error, 1 / time.

    Args:
        system: as for `lyapunov_spectrum`, of which this is the first value.
        stretches: parallel trajectories, >= 2.
        length: of each, in Lyapunov times, > 0.
        seed: of the starts.

    Raises:
        ValueError: an unknown name, or a number out of range.

    >>> exponent, error = lyapunov_exponent("lorenz", stretches=8, length=10)
    >>> abs(exponent - 0.9056) < 4 * error < 0.3
    True
    """
    found = lyapunov_spectrum(system, 1, stretches=stretches, length=length, seed=seed)
    return float(found.values[0]), float(found.errors[0])
