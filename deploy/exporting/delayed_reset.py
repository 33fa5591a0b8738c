"""A reset one step late, as a reset within the step: the same spikes from a raised potential.

A neuron whose threshold is subtracted one step late,

    h_t = d h_{t-1} + x_t - threshold s_{t-1},    s_t = [h_t >= threshold]

is one that takes threshold / d away at once, since v_t = h_t - (threshold / d) s_t gives
h_t = d v_{t-1} + x_t. Where an event graph takes away what it compares with, both are raised by

    b = threshold / d - threshold

From rest, u_t = v_t + b follows from x_t + b at the first step and x_t + (1 - d) b at every other,
which a source that is always on delivers: b at once, and -d b one step later. Where x is a current
that decays by a factor a per step, the input of the current is the difference between its new value
and a times the last: b at once, -(d + a) b one step later and d a b two steps later.

All of it is rounded like any other sum: where d is no short binary fraction, a potential that
meets its threshold exactly after the first step (one spike whose weight is the threshold, into a
neuron at rest) may come out one unit in the last place below it. The golden run finds that, and
the export is refused.
"""

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.deploy.exporting.affine_signal import Signal, constant
from axonal.deploy.exporting.calls import UnsupportedError

_GRID = 2.0**40
"""The raise is a multiple of 1 / _GRID: the grid of the weights holds it, sums of it are exact."""


def raised(
    x: Signal,
    decay: Float64Array,
    gain: Float64Array,
    threshold: Float64Array,
    synapse: Float64Array | None = None,
) -> tuple[Signal, Float64Array]:
    """Return the input and the threshold of the neuron that resets at once.

    Args:
        x: the input of the neuron with the delayed reset.
        decay: d [N].
        gain: factor of the input [N].
        threshold: [N].
        synapse: a [N], where the input enters a current.

    Returns:
        the input with what the always-on source adds, and the raised threshold [N].

    Raises:
        UnsupportedError: a neuron that forgets everything within a step.
    """
    if (decay == 0).any():
        raise UnsupportedError(
            "a delayed reset of a neuron with decay 0, which has no form that resets at once; use "
            'reset="zero" or "subtract"'
        )
    extra = np.rint((threshold / decay - threshold) * _GRID) / _GRID
    level = threshold + extra
    # a potential exactly at the threshold must stay exactly there: round towards silence
    level = np.where(level - extra < threshold, np.nextafter(level, np.inf), level)
    kept = np.zeros_like(decay) if synapse is None else synapse
    for steps, share in enumerate((np.ones_like(decay), -(decay + kept), decay * kept)):
        if share.any():
            x = x + constant((share * extra / gain).reshape(x.shape), x.shape).later(steps)
    return x, level
