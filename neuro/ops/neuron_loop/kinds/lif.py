"""Leaky integrate-and-fire, for the resets and loops that have no kernel of their own."""

from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.lif import reference
from axonal.neuro.ops.neuron_loop.kinds._kind import Kind
from axonal.neuro.ops.neuron_loop.kinds._parameters import Parameters


def step(
    x: Tensor, v: Tensor, a: Tensor, wait: Tensor | None, p: Parameters, convention: Convention
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Run one step; a stays."""
    s, v, wait = reference.step(x, v, wait, p.decay, p.threshold, convention)
    return s, v, a, wait


LIF = Kind(step)
