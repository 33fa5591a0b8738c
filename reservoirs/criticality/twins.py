"""The largest Lyapunov exponent of a driven network, from two of its trajectories."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from axonal._base import checks
from axonal._base.array_types import Float64Array


def lyapunov_from_twins(
    step: Callable[[Float64Array, int], ArrayLike],
    state: ArrayLike,
    steps: int,
    *,
    size: float = 1e-8,
    discard: int = 100,
    seed: int = 0,
) -> float:
    """Growth per step of a small difference between two copies that are driven alike.

    lambda = <ln(||x'(t + 1) - x(t + 1)|| / size)>: after every step the copy is drawn back to the
    distance ``size`` along the line between both. Below 0 a network forgets its state, above 0 it
    is chaotic; the edge between is where reservoirs are said to compute best.

    Args:
        step: the next state [N], from a state [N] and the number of the step t = 0, 1, ..., which
            stands for the input. It is a pure function: both copies call it with the same t.
        state: the first [N].
        steps: counted ones, >= 1.
        size: of the difference, > 0; small beside the state, large beside its rounding.
        discard: steps before them in which the difference turns, >= 0.
        seed: of the direction of the first difference.

    Returns:
        Natural logarithm per step; minus infinity if the copies meet exactly, as they do in
        networks whose states are spikes alone.

    Raises:
        ValueError: a state that is not [N] or not finite, a step that returns such a one.

    Source: Boedecker, Obst, Lizier, Mayer and Asada, Theory Biosci. 131, 205 (2012).

    >>> import numpy as np
    >>> halves = lyapunov_from_twins(lambda x, t: x / 2, np.ones(3), 20)
    >>> round(halves / float(np.log(0.5)), 6)
    1.0
    """
    who = "lyapunov_from_twins"
    checks.whole_number(who, "steps", steps)
    checks.whole_number(who, "discard", discard, 0)
    checks.number(who, "size", size, 0, open_low=True)
    x = _state(who, state)
    direction = np.random.default_rng(checks.seed(who, seed)).standard_normal(len(x))
    apart = size * direction / np.linalg.norm(direction)
    total = 0.0
    for t in range(discard + steps):
        following = _state(who, step(x, t), len(x))
        apart = _state(who, step(x + apart, t), len(x)) - following
        distance = float(np.linalg.norm(apart))
        if distance == 0:
            return -math.inf
        if t >= discard:
            total += math.log(distance / size)
        x, apart = following, apart * (size / distance)
    return total / steps


def _state(who: str, values: ArrayLike, size: int | None = None) -> Float64Array:
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not found.size or len(found) != (size or len(found)):
        shape = "[N]" if size is None else f"[{size}]"
        raise ValueError(f"{who} expects states {shape}, got {found.shape}.")
    if not np.isfinite(found).all():
        raise ValueError(f"{who} expects finite states, got NaN or infinity.")
    return found
