"""Monte Carlo of the exponential memory: exp(alpha N) patterns, drawn and forgotten in parts."""

import math
from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import AnyArray, BoolArray, Float64Array
from axonal._base.checks import number, one_of, whole_number
from axonal._base.checks import seed as check_seed
from axonal.hebbian.montecarlo.statistics import survival, survivors

THRESHOLDS = ("binary", "spherical")

PART = 1 << 22
"""Entries of patterns in memory at a time."""

MOST = 1 << 40
"""Entries to draw in one update at most: some hours."""


@dataclass(frozen=True)
class Retrieval:
    """One-step retrieval from an exponential memory.

    Attributes:
        overlap: after the step, mean over the samples that were retrieved; nan if none was.
        overlap_error: its standard error over samples.
        survival: fraction of samples retrieved: more than half of the missing overlap was gained.
        survival_error: its standard error.
        patterns: P.
        start: overlap before the step; the nearest that N spins can have.
        overlaps: [samples], after the step.
        survived: [samples] bool.
    """

    overlap: float
    overlap_error: float
    survival: float
    survival_error: float
    patterns: int
    start: float
    overlaps: Float64Array
    survived: BoolArray


def exponential(
    N: int,
    *,
    alpha: float,
    lam: float,
    m0: float,
    thresholds: str = "binary",
    samples: int = 10,
    seed: int = 0,
) -> Retrieval:
    """One update of an exponential memory from a state of overlap m0 with the first pattern.

    s' = sign(sum over patterns of X exp(lam X s)) for binary spins; for spherical ones the sum
    itself, scaled to length sqrt(N). The energy is -(1 / lam) ln sum exp(lam X s), with
    P = exp(alpha N) random patterns.
    C. Lucibello and M. Mezard, Phys. Rev. Lett. 132, 077301 (2024).

    The pattern is retrieved where lam m0 > Phi(alpha, lam), the free entropy of all others. A start
    at m0 = 1 tests nothing: the sum over the other patterns is parallel to the state that is
    updated, so that nearly every binary state is a fixed point.

    Args:
        N: sites.
        alpha: ln P / N.
        lam: inverse width of the exponential, positive.
        m0: overlap of the state before, from -1 to 1.
        thresholds: units of patterns and states, "binary" or "spherical".
        samples: draws of patterns and state.
        seed: of all random numbers.

    Returns:
        a `Retrieval`.

    Raises:
        ValueError: for a parameter outside its range.
        MemoryError: for more patterns than could ever be drawn.

    >>> from axonal.hebbian import montecarlo
    >>> montecarlo.exponential(40, alpha=0.2, lam=1.0, m0=0.8, samples=4).overlap
    1.0
    """
    whole_number("exponential", "N", N, 2)
    one_of("exponential", "thresholds", thresholds, THRESHOLDS)
    whole_number("exponential", "samples", samples, 1)
    check_seed("exponential", seed)
    number("exponential", "m0", m0, -1, 1)
    number("exponential", "lam", lam, 0, open_low=True)
    number("exponential", "alpha", alpha, 0, open_low=True)
    if alpha * N > math.log(MOST / N):
        raise MemoryError(
            f"exp(alpha N) = exp({alpha * N:.3g}) patterns cannot be drawn; "
            f"use alpha N <= {math.log(MOST / N):.3g}."
        )
    patterns = max(1, round(math.exp(alpha * N)))
    steps = [
        _step(
            np.random.Generator(np.random.Philox(key=[seed, k])), N, patterns, lam, m0, thresholds
        )
        for k in range(samples)
    ]
    begin = steps[0][0]
    overlaps = np.array([after for _, after in steps])
    kept = overlaps > (1 + begin) / 2
    m = survivors(overlaps[:, None], kept[:, None])
    fraction, error = survival(kept)
    return Retrieval(m.mean, m.error, fraction, error, patterns, begin, overlaps, kept)


def _step(
    generator: np.random.Generator, N: int, patterns: int, lam: float, m0: float, thresholds: str
) -> tuple[float, float]:
    """Overlaps with the first pattern before and after."""
    binary = thresholds == "binary"
    target = _draw(generator, 1, N, binary)[0]
    state = _start(generator, target, m0, binary)
    begin = float(target @ state) / N
    # Weights are relative to the largest exponent so far, so that none overflows.
    top = lam * float(target @ state)
    total = target.astype(np.float64)
    size = max(1, PART // N)
    for first in range(1, patterns, size):
        part = _draw(generator, min(size, patterns - first), N, binary)
        exponents = lam * (part @ state).astype(np.float64)
        higher = max(top, float(exponents.max()))
        total *= math.exp(top - higher)
        top = higher
        total += np.exp(exponents - top) @ part
    # A sum of zero keeps the spin.
    new = np.where(total == 0, state, np.sign(total)) if binary else total
    length = math.sqrt(N) / float(np.linalg.norm(new))
    return begin, float(target @ new) * length / N


def _draw(generator: np.random.Generator, count: int, N: int, binary: bool) -> AnyArray:
    """Patterns [count, N] of length sqrt(N)."""
    if binary:
        bits = np.unpackbits(
            np.frombuffer(generator.bytes(count * -(-N // 8)), np.uint8).reshape(count, -1),
            axis=1,
            count=N,
        )
        return 2 * bits.astype(np.float32) - 1
    rows = generator.standard_normal((count, N))
    return np.asarray(rows * (math.sqrt(N) / np.linalg.norm(rows, axis=1, keepdims=True)))


def _start(generator: np.random.Generator, target: AnyArray, m0: float, binary: bool) -> AnyArray:
    """A state of overlap m0 with the target."""
    N = len(target)
    if binary:
        state = target.copy()
        state[generator.permutation(N)[: round(N * (1 - m0) / 2)]] *= -1
        return state
    other = generator.standard_normal(N)
    other -= (other @ target) / N * target
    other *= math.sqrt(N) / np.linalg.norm(other)
    return np.asarray(m0 * target + math.sqrt(1 - m0 * m0) * other)
