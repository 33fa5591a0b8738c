"""One step of the recurrence for its values alone, as a stream runs it.

Numpy computes small arrays in half the time that torch takes for the same calls.
"""

import numpy as np
import torch
from torch import Tensor

from axonal.neuro.ops._dispatch import values_alone
from axonal.neuro.ops._neuron import Neuron


def fits(x: Tensor, v: Tensor, neuron: Neuron) -> bool:
    """Return whether x [1, B, ...] is such a step, of neurons that reset at once and never wait."""
    decay, threshold, (_, reset, _, refractory, _, _) = neuron
    plain = not refractory and (reset == "zero" or reset == "subtract")
    return plain and v.shape == x.shape[1:] and values_alone(x, v, decay, threshold)


def run(x: Tensor, v: Tensor, neuron: Neuron) -> tuple[Tensor, Tensor]:
    """Return the spikes [1, B, ...] and v after a step, as `reference.step` defines them."""
    decay, threshold, (decay_input, reset, *_) = neuron
    drive, u = x.detach().numpy()[0], v.detach().numpy()
    d, theta = decay.detach().numpy(), threshold.detach().numpy()
    with np.errstate(all="ignore"):  # what is infinite is told by the layer, as of every path
        h = d * u + ((1 - d) * drive if decay_input else drive)
        s = (h >= theta).astype(h.dtype)
        after = h * (1 - s) if reset == "zero" else h - theta * s
    return torch.from_numpy(s[None]), torch.from_numpy(after)
