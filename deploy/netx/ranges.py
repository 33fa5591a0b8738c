"""Numbers that netx takes as they are; it clips or rounds others without an error.

Source: lava-dl 0.6.0, measured with files of known weights.
"""

from collections.abc import Iterator

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.deploy.chips import loihi2

NEURONS = ("CUBA", "LOIHI")
"""Types of neurons with a form here: current and membrane, reset to zero."""
MEMORYLESS = 2**loihi2.DECAY_BITS
"""iDecay of neurons whose current has no memory."""
LONGEST = loihi2.DELAYS[1] - 1
"""Steps of delay beside the step that a hop takes; more are clipped."""
HALF = 127
"""Up to here whole weights of both signs are kept whether even or not."""


def unfit(where: str, weight: Float64Array) -> Iterator[str]:
    """Say what of the weights of a layer netx would change; those of its loop are packed with them.

    >>> list(unfit("layer 1", np.array([300.0])))
    ['layer 1: weights reach 300, and netx holds whole ones from 0 to 255']
    >>> list(unfit("layer 1", np.array([-200.0, 3.0])))
    ['layer 1: weights of both signs beyond 127 are all even in netx, got 3']
    """
    if weight.max(initial=0) <= 0:
        yield f"{where}: no weight is above 0, and netx changes some of the weights of such a layer"
        return
    (low, high), step = loihi2.weight_range(weight)
    far = weight[np.argmax(np.abs(weight))]
    if weight.min() < low or weight.max() > high:
        yield f"{where}: weights reach {far:g}, and netx holds whole ones from {low} to {high}"
    elif np.any(weight != np.rint(weight)):
        yield f"{where}: netx holds whole weights, got {weight[weight != np.rint(weight)][0]:g}"
    elif step == 2 and abs(far) > HALF and np.any(weight % 2):
        odd = weight[weight % 2 != 0][0]
        yield f"{where}: weights of both signs beyond {HALF} are all even in netx, got {odd:g}"
