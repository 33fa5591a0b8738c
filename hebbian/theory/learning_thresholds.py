"""Least quality of a data set whose archetypes are retrieved."""

from collections.abc import Callable
from math import ceil

import numpy as np
from scipy.optimize import brentq

from axonal.hebbian.theory.crosstalk import Crosstalk
from axonal.hebbian.theory.gaussian_noise import GaussianNoise
from axonal.hebbian.theory.saddle_point import SaddlePoint
from axonal.hebbian.theory.states import spinodal

_MOST_EXAMPLES = 2**20
_FEW = 12
"""Examples up to which their number is searched one by one."""

_WORST = 1e3
"""Entropy beyond which class means hold nothing of their archetypes."""


def critical_rho(P: int, crosstalk: Crosstalk, load: float, T: float) -> float:
    """Entropy of a data set above which nothing is retrieved, supervised, many examples.

    Args:
        P: order of the interaction.
        crosstalk: noise from other patterns.
        load: alpha or gamma, >= 0.
        T: temperature, >= 0.

    Returns:
        rho; nan if clean patterns are not retrieved either, infinity if class means are whatever
        their noise (they need not say anything about the archetype then).

    >>> from axonal.hebbian.theory.reaction import Reaction
    >>> round(critical_rho(2, Reaction(), 0.05, 0.0), 4)
    0.1571
    """

    def excess(rho: float) -> float:
        largest, _ = spinodal(SaddlePoint(P, GaussianNoise(rho), crosstalk), np.array([T]))
        return float(largest[0]) - load

    if excess(0.0) < 0:
        return float("nan")
    if excess(_WORST) > 0:
        return float("inf")
    return float(brentq(excess, 0.0, _WORST, xtol=1e-10, rtol=1e-10))


def critical_examples(
    system: Callable[[int], SaddlePoint], guess: float, load: float, T: float
) -> int:
    """Number of examples from which on a load is retrieved: it and every larger one suffice.

    Args:
        system: the model learned from so many examples.
        guess: a number near it.
        load: alpha or gamma, >= 0.
        T: temperature, >= 0.

    Raises:
        ValueError: if a million examples do not suffice.

    >>> from axonal.hebbian.theory.reaction import Reaction
    >>> from axonal.hebbian.theory.noisy_examples import entropy
    >>> def learned(examples):
    ...     return SaddlePoint(2, GaussianNoise(entropy(0.5, examples)), Reaction())
    >>> critical_examples(learned, 1.0, 0.05, 0.0)
    20
    """

    def enough(examples: int) -> bool:
        return bool(spinodal(system(examples), np.array([T]))[0][0] >= load)

    high = max(1, ceil(min(guess, _MOST_EXAMPLES)))
    while not enough(high):
        if high >= _MOST_EXAMPLES:
            raise ValueError(
                f"{_MOST_EXAMPLES} examples a pattern do not suffice at load {load:g}, T = {T:g}."
                " Is the load below that of clean patterns?"
            )
        high *= 2
    # Few examples make every load possible: from one, which is a pattern of its own, to the limit
    # of many, so that these are asked one by one, from above.
    low = high // 2
    while low > _FEW and enough(low):
        high, low = low, low // 2
    while low > _FEW and high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    if low <= _FEW:
        high = _first_below(enough, high)
    return high


def _first_below(enough: Callable[[int], bool], high: int) -> int:
    """Least number from which on all up to a sufficient one suffice."""
    # Down to a few the largest load still rises with the number of examples.
    low = min(_FEW, high - 1)
    if low > 0 and not enough(low):
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high
    high = max(low, 1) if low > 0 else high
    while high > 1 and enough(high - 1):
        high -= 1
    return high
