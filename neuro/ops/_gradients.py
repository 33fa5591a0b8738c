"""Gradients of leaky integrate-and-fire: allocated, summed and faked for every back end."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._neuron import Neuron
from axonal.neuro.ops._shapes import gradient_of, gradient_room


class Learns(NamedTuple):
    """Parameters whose gradient is wanted."""

    decay: bool
    threshold: bool


class Gradients(NamedTuple):
    """Gradients that a backward pass of kernels fills, moves or adds to.

    Attributes:
        x: that of the input [T, B, ...], to fill.
        v: that of v after the last step [B, ...], to move to that of v before the first.
        decay: to add to, a number per cell; nothing [0] where it is fixed.
        threshold: likewise.
        learns: which of the two learn.
    """

    x: Tensor
    v: Tensor
    decay: Tensor
    threshold: Tensor
    learns: Learns

    @classmethod
    def room(
        cls, g_spikes: Tensor, g_v: Tensor, learns: Learns, cells: Sequence[int]
    ) -> "Gradients":
        """Allocate what kernels need for the gradients of spikes [T, B, ...] and of the last v.

        Args:
            g_spikes: gradient of the spikes [T, B, ...].
            g_v: gradient of v after the last step [B, ...].
            learns: parameters whose gradient is wanted.
            cells: shape of their sums.

        >>> g_v = torch.zeros(2, 3)
        >>> gradients = Gradients.room(torch.ones(5, 2, 3), g_v, Learns(True, False), g_v.shape)
        >>> [tuple(g.shape) for g in gradients[:4]]
        [(5, 2, 3), (2, 3), (2, 3), (0,)]
        """
        return cls(
            empty(g_spikes.shape, g_spikes),
            g_v.clone(memory_format=torch.contiguous_format),
            gradient_room(g_v, cells, learns.decay),
            gradient_room(g_v, cells, learns.threshold),
            learns,
        )

    def summed(self, neuron: Neuron) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the gradients, those of the parameters summed to the shapes of these."""
        g_decay = gradient_of(self.decay, neuron.decay, self.learns.decay)
        g_threshold = gradient_of(self.threshold, neuron.threshold, self.learns.threshold)
        return self.x, self.v, g_decay, g_threshold

    @staticmethod
    def fake(
        g_spikes: Tensor, g_v: Tensor, neuron: Neuron, learns: Learns
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return tensors like those of `summed`, of any content."""
        decay, threshold, _ = neuron
        return (
            torch.empty_like(g_spikes, memory_format=torch.contiguous_format),
            torch.empty_like(g_v, memory_format=torch.contiguous_format),
            torch.empty_like(decay) if learns.decay else decay.new_empty(0),
            torch.empty_like(threshold) if learns.threshold else threshold.new_empty(0),
        )
