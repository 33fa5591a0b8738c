"""Leaky integrate-and-fire neurons as operators and their kernels hand them on."""

from typing import NamedTuple

import torch
from torch import Tensor

from axonal.neuro.ops._convention import PLAIN, Convention
from axonal.neuro.ops._shapes import per_neuron


class Neuron(NamedTuple):
    """Parameters that hold for all steps; their equation is in :func:`axonal.neuro.ops.lif.lif`.

    Attributes:
        decay: factor per step, a scalar or one per neuron.
        threshold: potential at which a neuron fires, a scalar or one per neuron.
        convention: decay of the input, reset, refractory steps and surrogate.
    """

    decay: Tensor
    threshold: Tensor
    convention: Convention = PLAIN

    def rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return decay and threshold as kernels index them, for x [T, B, ...].

        >>> neuron = Neuron(torch.tensor(0.5), torch.ones(2, 1))
        >>> [a.shape for a in neuron.rows(torch.zeros(5, 3, 2, 4))]
        [torch.Size([]), torch.Size([2, 4])]
        """
        return per_neuron(self.decay, x), per_neuron(self.threshold, x)


class State(NamedTuple):
    """State that kernels move from before the first step to after the last.

    Attributes:
        v: potential [B, ...].
        wait: refractory steps left int32 [B, ...]; any other tensor where neurons have none.
    """

    v: Tensor
    wait: Tensor

    def copy(self) -> "State":
        """Return a state without gaps for kernels to move."""
        whole = torch.contiguous_format
        return State(self.v.clone(memory_format=whole), self.wait.clone(memory_format=whole))
