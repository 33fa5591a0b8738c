"""First states with overlaps with several archetypes at once."""

from collections.abc import Sequence

import numpy as np

from axonal._base.array_types import Float64Array, Int8Array
from axonal._base.checks import number, one_of
from axonal.hebbian.montecarlo._disorder import Disorder
from axonal.hebbian.montecarlo._random import START, stream
from axonal.hebbian.montecarlo._schedule import Start

HIERARCHICAL = "hierarchical"
STORED = "stored"

_STEPS = 200
_STRONGEST = 30.0
"""Field at which a spin is certain; overlaps that need more lie on the edge of what can be."""


def check_start(start: object, K: int) -> float | Start:
    """First state of a multitasking network, checked.

    Args:
        start: overlap with the first archetype, or with each of them, or "hierarchical".
        K: archetypes.
    """
    if isinstance(start, str):
        one_of("multitasking", "start", start, (HIERARCHICAL,))
        return hierarchical
    if isinstance(start, int | float) and not isinstance(start, bool):
        return number("multitasking", "start", start, -1, 1)
    if not isinstance(start, Sequence | np.ndarray) or np.shape(start) != (K,):
        raise ValueError(
            f"multitasking expects start as an overlap, {K} overlaps for K = {K} or"
            f" {HIERARCHICAL!r}; got {start!r}."
        )
    overlaps = np.asarray(start)
    if overlaps.dtype.kind not in "iuf" or not (np.abs(overlaps) <= 1).all():
        raise ValueError(f"multitasking expects overlaps in start from -1 to 1, got {start!r}.")
    wanted = overlaps.astype(np.float64)

    def begin(disorder: Disorder, targets: Int8Array, replica: int) -> Int8Array:
        return _drawn(disorder, mean_spins(targets[:K], wanted), replica)

    return begin


def retrieval_start(who: str, start: float | str) -> float | Start:
    """First state of a memory that retrieves one pattern, checked.

    Args:
        who: function that is called.
        start: overlap with the first archetype, or "stored".
    """
    if isinstance(start, str):
        one_of(who, "start", start, (STORED,))
        return stored
    return number(who, "start", start, -1, 1)


def stored(disorder: Disorder, targets: Int8Array, replica: int) -> Int8Array:
    """The sign of what is stored first: of a class mean, or the first example."""
    return _drawn(disorder, np.sign(disorder.first_stored()), replica)


def hierarchical(disorder: Disorder, targets: Int8Array, replica: int) -> Int8Array:
    """Every spin is that of the first archetype which is not blank there."""
    rows = targets[: disorder.K]
    first = (rows != 0).argmax(0)
    return _drawn(disorder, np.take_along_axis(rows, first[None], 0)[0].astype(float), replica)


def mean_spins(archetypes: Int8Array, overlaps: Float64Array) -> Float64Array:
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


def _drawn(disorder: Disorder, mean: Float64Array, replica: int) -> Int8Array:
    words = stream(disorder.seed, START, disorder.sample, replica, 0, disorder.N)
    return np.where(words < (1 + mean) / 2 * 2**32, 1, -1).astype(np.int8)
