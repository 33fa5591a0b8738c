"""One step of the integrator for its values alone, as a stream runs it.

Numpy computes small arrays in half the time that torch takes for the same calls.
"""

import torch
from torch import Tensor

from axonal._base.array_types import AnyArray
from axonal.neuro.ops._dispatch import COMPILED, array


def fits_on(x: Tensor) -> bool:
    """Return whether x is a step like the last one, of a stream, which is for the values alone."""
    return x.dtype in COMPILED and x.is_cpu and x.shape[0] == 1


def run(x: Tensor, v: Tensor, decay: Tensor, decay_input: bool) -> Tensor:
    """Return v after the step x [1, B, ...], with the axis of x."""
    return torch.from_numpy(values(x, v, decay, decay_input))


def values(x: Tensor, v: Tensor, decay: Tensor, decay_input: bool) -> AnyArray:
    """Return as an array what `run` returns."""
    step, d = array(x), array(decay)
    after: AnyArray = d * array(v) + ((1 - d) * step if decay_input else step)
    return after
