"""First states with overlaps with several archetypes at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from axonal.hebbian.montecarlo import _checks
from axonal.hebbian.montecarlo._disorder import Disorder
from axonal.hebbian.montecarlo._forms import Spins
from axonal.hebbian.montecarlo._random import START, stream
from axonal.hebbian.montecarlo._run import Start

HIERARCHICAL = "hierarchical"
STORED = "stored"

_STEPS = 200
_STRONGEST = 30.0
"""Field at which a spin is certain; overlaps that need more lie on the edge of what can be."""


def check_start(start: object, K: int) -> float | Start:
    """What a multitasking network starts from.

    Args:
        start: overlap with the first archetype, or with each of them, or "hierarchical".
        K: archetypes.
    """
    if isinstance(start, str):
        _checks.choice("start", start, (HIERARCHICAL,))
        return hierarchical
    if isinstance(start, int | float) and not isinstance(start, bool):
        _checks.within("start", start, -1, 1)
        return float(start)
    if not isinstance(start, Sequence | np.ndarray) or np.shape(start) != (K,):
        raise ValueError(
            f"start must be an overlap, {K} overlaps for K = {K} or {HIERARCHICAL!r}; "
            f"got {start!r}."
        )
    overlaps = np.asarray(start)
    if overlaps.dtype.kind not in "iuf" or not (np.abs(overlaps) <= 1).all():
        raise ValueError(f"start must hold overlaps from -1 to 1, got {start!r}.")
    wanted = overlaps.astype(np.float64)

    def begin(disorder: Disorder, targets: NDArray[np.int8], replica: int) -> Spins:
        return _drawn(disorder, mean_spins(targets[:K], wanted), replica)

    return begin


def retrieval_start(start: float | str) -> float | Start:
    """What a memory that retrieves one pattern starts from.

    Args:
        start: overlap with the first archetype, or "stored".
    """
    if isinstance(start, str):
        _checks.choice("start", start, (STORED,))
        return stored
    _checks.within("start", start, -1, 1)
    return start


def stored(disorder: Disorder, targets: NDArray[np.int8], replica: int) -> Spins:
    """The sign of what is stored first: of a class mean, or the first example."""
    return _drawn(disorder, np.sign(disorder.first_stored()), replica)


def hierarchical(disorder: Disorder, targets: NDArray[np.int8], replica: int) -> Spins:
    """Every spin is that of the first archetype which is not blank there."""
    rows = targets[: disorder.K]
    first = (rows != 0).argmax(0)
    return _drawn(disorder, np.take_along_axis(rows, first[None], 0)[0].astype(float), replica)


def mean_spins(archetypes: NDArray[np.int8], overlaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Most random mean spins with some overlaps, ``tanh(sum_mu h_mu xi_mu)``.

    Args:
        archetypes: entries [K, N].
        overlaps: m_mu = mean of xi_mu s [K].

    Raises:
        ValueError: if no state has these overlaps.

    >>> xi = np.array([[1, 1, -1, 0], [0, 1, 1, 1]], np.int8)
    >>> s = mean_spins(xi, np.array([0.25, 0.5]))
    >>> (xi @ s / 4).round(6)
    array([0.25, 0.5 ])
    """
    columns, back, counts = np.unique(archetypes.T, axis=0, return_inverse=True, return_counts=True)
    weights = counts / counts.sum()
    h = np.zeros(len(overlaps))
    ridge = 1e-12 * np.eye(len(h))
    for _ in range(_STEPS):
        s = np.tanh(columns @ h)
        missing = overlaps - (weights * s) @ columns
        if np.abs(missing).max() < 1e-12:
            break
        bend = (columns * (weights * (1 - s**2))[:, None]).T @ columns
        step = np.linalg.solve(bend + ridge, missing)
        step *= min(1.0, 1 / np.abs(step).max())
        h = np.clip(h + step, -_STRONGEST, _STRONGEST)
    # A sample may hold a little less than its model; overlaps are drawn with an error as large.
    if np.abs(missing).max() > 4 / np.sqrt(len(back)):
        there = ", ".join(f"{m:.3g}" for m in overlaps - missing)
        raise ValueError(
            f"start = {overlaps.tolist()} is more than any state has here: every site serves one "
            f"sign; the nearest found is {there}."
        )
    return np.asarray(s[back.ravel()])


def _drawn(disorder: Disorder, mean: NDArray[np.float64], replica: int) -> Spins:
    words = stream(disorder.seed, START, disorder.sample, replica, 0, disorder.N)
    return np.where(words < (1 + mean) / 2 * 2**32, 1, -1).astype(np.int8)
