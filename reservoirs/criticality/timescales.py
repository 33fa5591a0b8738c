"""Timescales of units: autocorrelations, and the exponentials that they are made of."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import curve_fit

from axonal._base.array_types import Float64Array
from axonal._base.checks import whole_number

LONGEST = 1e4
"""Time constant in steps above which a fit is not told from a constant."""


class Timescale(NamedTuple):
    """Exponentials fitted to an autocorrelation.

    Attributes:
        tau: mean of the time constants in steps, weighted by their shares.
        taus: each of them, one or two, the shorter first.
        shares: of the autocorrelation at lag 0, as they were fitted.
        residual: root mean square of what the fit leaves.
    """

    tau: float
    taus: tuple[float, ...]
    shares: tuple[float, ...]
    residual: float


def autocorrelation(states: ArrayLike, lags: int) -> Float64Array:
    """Autocorrelation of every unit at lags 0 to ``lags``, over time and trials.

    C_k = mean_t,b (h_t - m)(h_{t+k} - m) / variance, with the mean m of the unit over all steps and
    trials; 0 for units that never change.

    Args:
        states: activity [T, B, N], or [T, N] of one trial.
        lags: largest lag in steps, below T.

    Returns:
        C [lags + 1, N].

    Raises:
        ValueError: other axes, or too few steps.

    >>> x = np.tile([0.0, 1.0], 50).reshape(100, 1, 1)
    >>> autocorrelation(x, 2).round(2).ravel().tolist()
    [1.0, -1.0, 1.0]
    """
    h = np.asarray(states, np.float64)
    h = h[:, None] if h.ndim == 2 else h
    if h.ndim != 3 or not h.size:
        raise ValueError(f"autocorrelation expects states [T, B, N], got shape {h.shape}.")
    lags = whole_number("autocorrelation", "lags", lags, 1, len(h) - 1)
    h = h - h.mean((0, 1))
    variance = np.square(h).mean((0, 1))
    still = variance <= 1e-18
    found = np.stack([(h[: len(h) - k] * h[k:]).mean((0, 1)) for k in range(lags + 1)])
    return np.where(still, 0.0, found / np.where(still, 1.0, variance))


def timescale(correlation: ArrayLike) -> Timescale:
    """Fit one or two decaying exponentials to an autocorrelation.

    C_k = sum_i a_i exp(-k / tau_i) with a_i >= 0, by least squares over all lags; two are taken
    where Akaike's criterion, L log(RSS / L) + 2 parameters, is lower with them. Oscillations are
    not modelled, and show in the residual. The choice between one and two exponentials is that of
    Khajehabdollahi et al., ICLR 2024 (arXiv 2309.12927).

    Args:
        correlation: C at lags 0, 1, ... [L], at least 6.

    Returns:
        the time constants, their shares, and what the fit leaves.

    Raises:
        ValueError: too few lags, or values that are not finite.

    >>> k = np.arange(31)
    >>> fit = timescale(0.75 * np.exp(-k / 2) + 0.25 * np.exp(-k / 20))
    >>> [round(tau, 2) for tau in fit.taus], round(fit.tau, 2)
    ([2.0, 20.0], 6.5)
    """
    c = np.asarray(correlation, np.float64)
    if c.ndim != 1 or len(c) < 6 or not np.isfinite(c).all():
        raise ValueError(
            f"timescale expects the finite autocorrelation of one unit at 6 lags or more [L], got "
            f"shape {c.shape}."
        )
    one = _fit(c, (1.0, _begin(c)))
    two = _fit(c, (0.5, max(0.5, one.taus[0] / 2), 0.5, 2 * one.taus[0] + 1))
    return two if _akaike(two, len(c)) < _akaike(one, len(c)) else one


def _begin(c: Float64Array) -> float:
    """First lag at which less than 1/e is left."""
    below = np.flatnonzero(c < np.exp(-1.0))
    return float(max(below[0], 0.5)) if len(below) else float(len(c))


def _sum(k: Float64Array, *parameters: float) -> Float64Array:
    shares, taus = np.array(parameters[::2]), np.array(parameters[1::2])
    found: Float64Array = (shares * np.exp(-k[:, None] / taus)).sum(1)
    return found


def _fit(c: Float64Array, start: tuple[float, ...]) -> Timescale:
    k = np.arange(len(c), dtype=np.float64)
    low, high = [0.0, 0.05] * (len(start) // 2), [2.0, LONGEST] * (len(start) // 2)
    try:
        found = curve_fit(_sum, k, c, np.clip(start, low, high), bounds=(low, high))[0]
    except RuntimeError:  # no convergence: as good as it was at the start
        found = np.clip(start, low, high)
    order = np.argsort(found[1::2])
    shares, taus = found[::2][order], found[1::2][order]
    whole = shares.sum()
    tau = float((shares * taus).sum() / whole) if whole > 0 else 0.0
    residual = float(np.sqrt(np.mean((c - _sum(k, *found)) ** 2)))
    return Timescale(tau, tuple(taus.tolist()), tuple(shares.tolist()), residual)


def _akaike(fit: Timescale, lags: int) -> float:
    # the guard is far below what single precision leaves
    return 2 * lags * float(np.log(fit.residual + 1e-9)) + 4 * len(fit.taus)
