"""The input mixed with that of the step before, and neurons behind, as RWKV layers have them."""

import torch
from torch import Tensor

from axonal.neuro.layers.lif import LIF, LIFState
from axonal.neuro.surrogates import ATan


def shifted(x: Tensor, before: Tensor) -> Tensor:
    """Return the input of the step before each, for x [T, B, C] behind ``before`` [B, C].

    >>> shifted(torch.tensor([1.0, 2.0]).view(2, 1, 1), torch.zeros(1, 1)).flatten()
    tensor([0., 1.])
    """
    if torch.compiler.is_exporting():
        # x[:-1] may be one step or several, between which a program for any number has to choose
        return torch.cat((before[None], x))[:-1]
    return torch.cat((before[None], x[:-1]))


def mixed(x: Tensor, earlier: Tensor, share: Tensor) -> Tensor:
    """Return ``share`` of x and the rest of what came a step earlier."""
    return torch.lerp(earlier, x, share)


def neurons(size: int) -> LIF:
    """Neurons of SpikeGPT: v + (x - v) / 2, reset to zero, a gradient through the reset."""
    return LIF(size, 2.0, decay="euler", decay_input=True, detach_reset=False, surrogate=ATan(2.0))


def fire(lif: LIF | None, x: Tensor, v: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Return spikes and potential, or x itself where there are no neurons."""
    if lif is None:
        return x, None
    assert v is not None
    spikes, state = lif(x, LIFState(v, None))
    return spikes, state.v
