"""One step of the recurrence for its values alone, as a stream runs it.

Numpy computes small arrays in half the time that torch takes for the same calls.
"""

import torch
from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._dispatch import COMPILED, array, values_alone
from axonal.neuro.ops._neuron import Neuron


def fits(x: Tensor, v: Tensor, neuron: Neuron) -> bool:
    """Return whether x [1, B, ...] is such a step, of neurons that reset at once and never wait."""
    decay, threshold, convention = neuron
    if not _is_plain(convention) or v.shape != x.shape[1:]:
        return False
    return values_alone(x, v, decay, threshold)


def fits_on(x: Tensor, neuron: Neuron) -> bool:
    """Return whether x is a step like the last one, of a stream, which is for the values alone."""
    threshold, dtype = neuron.threshold, x.dtype
    alike = dtype in COMPILED and threshold.dtype == dtype and x.is_cpu and x.shape[0] == 1
    return alike and _is_plain(neuron.convention)


def _is_plain(convention: Convention) -> bool:
    return not convention.refractory and convention.reset in ("zero", "subtract")


def run(x: Tensor, v: Tensor, neuron: Neuron) -> tuple[Tensor, Tensor]:
    """Return the spikes [1, B, ...] and v after a step, as `reference.step` defines them."""
    decay, threshold, (decay_input, reset, *_) = neuron
    drive, u, d, theta = array(x)[0], array(v), array(decay), array(threshold)
    h = d * u + ((1 - d) * drive if decay_input else drive)
    s = (h >= theta).astype(h.dtype)
    after = h * (1 - s) if reset == "zero" else h - theta * s
    return torch.from_numpy(s[None]), torch.from_numpy(after)
