"""The leaky integrate-and-fire recurrence, written out: the definition of every faster path."""

import torch
from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._neuron import Neuron
from axonal.neuro.surrogates._surrogate import spike


def step(
    x: Tensor,
    v: Tensor,
    wait: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    convention: Convention,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run one step ``x`` [B, ...]: spikes, v and wait after it, all [B, ...]."""
    decay_input, reset, detach_reset, refractory, surrogate, alpha = convention
    h = decay * v + ((1 - decay) * x if decay_input else x)
    if reset == "delayed":
        fired = spike(v - threshold, surrogate, alpha)
        h = h - threshold * (fired.detach() if detach_reset else fired)
    if wait is not None:
        held = wait > 0
        h = torch.where(held, v, h)
    s = spike(h - threshold, surrogate, alpha)
    if wait is not None:
        s = torch.where(held, 0.0, s)
        wait = torch.where(s > 0, refractory, (wait - 1).clamp(min=0))
    r = s.detach() if detach_reset else s
    if reset == "zero":
        return s, h * (1 - r), wait
    return s, h - threshold * r if reset == "subtract" else h, wait


def lif(
    x: Tensor, v: Tensor, wait: Tensor | None, neuron: Neuron
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run the recurrence over ``x`` [T, B, ...]; see :func:`axonal.neuro.ops.lif.lif`."""
    spikes = []
    for x_t in x.unbind(0):
        s, v, wait = step(x_t, v, wait, *neuron)
        spikes.append(s)
    return torch.stack(spikes), v, wait
