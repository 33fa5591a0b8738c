"""The leaky integrator, written out: the definition of every faster path."""

import torch
from torch import Tensor


def leaky_integrator(x: Tensor, v: Tensor, decay: Tensor, decay_input: bool) -> Tensor:
    """Integrate ``x`` [T, B, ...]; see the operator's package."""
    potentials = []
    for x_t in x.unbind(0):
        v = decay * v + ((1 - decay) * x_t if decay_input else x_t)
        potentials.append(v)
    return torch.stack(potentials)
