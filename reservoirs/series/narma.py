"""Nonlinear moving averages with feedback, a task for memory and products of inputs."""

import numpy as np

from axonal._base import checks
from axonal._base.array_types import Float64Array


def narma(points: int, order: int = 10, *, seed: int = 0) -> tuple[Float64Array, Float64Array]:
    """Inputs and outputs of a NARMA system driven by noise.

    y(t + 1) = 0.3 y(t) + 0.05 y(t) sum_{i < n} y(t - i) + 1.5 u(t - n + 1) u(t) + 0.1, with u
    uniform in [0, 0.5] and y = 0 before.

    Args:
        points: T, >= 1; n steps before them are left out.
        order: n, >= 1.
        seed: of the inputs.

    Returns:
        u [T] and y [T], where y(t) follows from inputs before t.

    Raises:
        ValueError: a number out of range, or inputs under which the outputs leave every bound,
            which rare ones do at order 10 and most do well above it.

    Source: Atiya and Parlos, IEEE Trans. Neural Netw. 11, 697 (2000).

    >>> u, y = narma(500, seed=1)
    >>> bool(np.isclose(y[-1], 0.3 * y[-2] + 0.05 * y[-2] * y[-11:-1].sum()
    ...                 + 1.5 * u[-11] * u[-2] + 0.1))
    True
    """
    who = "narma"
    count = checks.whole_number(who, "points", points)
    n = checks.whole_number(who, "order", order)
    steps = count + n
    u = np.random.default_rng(checks.seed(who, seed)).uniform(0, 0.5, steps)
    y = np.zeros(steps)
    for t in range(n - 1, steps - 1):
        recent = y[t - n + 1 : t + 1].sum()
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * recent + 1.5 * u[t - n + 1] * u[t] + 0.1
        if y[t + 1] > 1e3:
            raise ValueError(
                f"narma of order {n} leaves every bound at step {t + 1} with seed {seed}: take"
                " another seed, or a lower order."
            )
    return u[n:], y[n:]
