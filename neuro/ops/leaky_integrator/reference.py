"""The leaky integrator, written out: what every faster path must equal."""

import torch
from torch import Tensor


def leaky(x: Tensor, v: Tensor, decay: Tensor, *, decay_input: bool) -> Tensor:
    """Integrate ``x`` [T, B, ...]; see :func:`axonal.neuro.ops.leaky_integrator.leaky`."""
    potentials = []
    for x_t in x.unbind(0):
        v = decay * v + ((1 - decay) * x_t if decay_input else x_t)
        potentials.append(v)
    return torch.stack(potentials)
