"""Potentials that neurons begin with, in a graph whose variables all start at 0.

A potential v_0 before the first step adds d v_0 to the potential of that step and nothing later. A
source that is always on delivers it at once, and takes it away again from one step later on. The
two cancel exactly where the potential lies on the grid of the weights, as 1/2 does, and to one
unit of that grid elsewhere.
"""

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.deploy.exporting.affine_signal import Signal, constant


def charged(x: Signal, decay: Float64Array, gain: Float64Array, potential: Float64Array) -> Signal:
    """Return the input of neurons at rest that fire as those with a potential do.

    Args:
        x: the input of these.
        decay: of the potential [N].
        gain: factor of the input [N], not 0.
        potential: before the first step [N].
    """
    first = (decay * potential / gain).reshape(x.shape)
    return x + constant(first, x.shape) + constant(np.negative(first), x.shape).later(1)
