"""One step of the recurrence for its values alone, as a stream runs it.

Numpy computes small arrays in half the time that torch takes for the same calls.
"""

import torch
from torch import Tensor

from axonal._base.array_types import AnyArray
from axonal.neuro.ops._dispatch import COMPILED, array, values_alone
from axonal.neuro.ops._neuron import Neuron


def knows(reset: str, refractory: int) -> bool:
    """Return whether neurons are of those that are known here: they reset at once, never wait."""
    return not refractory and (reset == "zero" or reset == "subtract")


def fits(x: Tensor, v: Tensor, neuron: Neuron) -> bool:
    """Return whether x [1, B, ...] is such a step of neurons that are known here."""
    decay, threshold, (_, reset, _, refractory, _, _) = neuron
    plain = knows(reset, refractory) and v.shape == x.shape[1:]
    return plain and values_alone(x, v, decay, threshold)


def fits_on(x: Tensor, threshold: Tensor) -> bool:
    """Return whether x is a step like the last one, of a stream, which is for the values alone."""
    dtype = x.dtype
    return dtype in COMPILED and threshold.dtype == dtype and x.is_cpu and x.shape[0] == 1


def run(
    x: Tensor, v: Tensor, decay: Tensor, threshold: Tensor, decay_input: bool, reset: str
) -> tuple[Tensor, Tensor]:
    """Return the spikes [1, B, ...] and v after a step, as `reference.step` defines them."""
    s, after = values(x, v, decay, threshold, decay_input, reset)
    return torch.from_numpy(s), torch.from_numpy(after)


def values(
    x: Tensor, v: Tensor, decay: Tensor, threshold: Tensor, decay_input: bool, reset: str
) -> tuple[AnyArray, AnyArray]:
    """Return as arrays what `run` returns."""
    drive, u, d, theta = array(x)[0], array(v), array(decay), array(threshold)
    h = d * u + ((1 - d) * drive if decay_input else drive)
    s = (h >= theta).astype(h.dtype)
    after = h * (1 - s) if reset == "zero" else h - theta * s
    return s[None], after
