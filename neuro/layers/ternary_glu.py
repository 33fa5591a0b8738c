"""Gated feed-forward part of ternary connections."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._shown import changed
from axonal.neuro.layers._token_shift import fire, neurons
from axonal.neuro.layers.bit_linear import BitLinear
from axonal.neuro.layers.spiking_rwkv import own_sequence

MULTIPLE = 256


class TernaryGLUState(NamedTuple):
    """State of :class:`TernaryGLU`.

    Attributes:
        v: potential of the neurons on the input [B, C]; ``None`` without neurons.
        v_out: potential of those before the last product [B, M]; likewise.
    """

    v: Tensor | None
    v_out: Tensor | None


class TernaryGLU(Layer[TernaryGLUState]):
    """Feed-forward part of MatMul-free language models: ``y = W_down (silu(g) * u)``.

    g and u are the two halves of W_up x; both W are :class:`BitLinear`. With ``spiking``, LIF
    neurons fire on x and on what W_down hears.

    Source: Zhu et al. 2024 (arXiv 2406.02528); the spikes are our own variant.

    Args:
        size: C channels.
        hidden: M units; the published width 256 ceil(floor(8 C / 3) / 256) if it is ``None``.
        spiking: whether there are neurons.

    Returns:
        Called with x [T, B, C] and a state: y [T, B, C] and a :class:`TernaryGLUState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> TernaryGLU(1024).hidden
    2816
    """

    def __init__(self, size: int, hidden: int | None = None, *, spiking: bool = False) -> None:
        super().__init__()
        (self.size,) = _checks.counts(self, size=size)
        if hidden is None:
            hidden = -(-(8 * self.size // 3) // MULTIPLE) * MULTIPLE
        (self.hidden,) = _checks.counts(self, hidden=hidden)
        self.neurons = spiking
        self.up = BitLinear(self.size, 2 * self.hidden, events=spiking)
        self.down = BitLinear(self.hidden, self.size, events=spiking)
        self.lif = neurons(self.size) if spiking else None
        self.lif_out = neurons(self.hidden) if spiking else None

    def init(self, x: Tensor) -> TernaryGLUState:
        """Return the state at rest for inputs like ``x`` [B, C]."""
        if not self.neurons:
            return TernaryGLUState(None, None)
        return TernaryGLUState(torch.zeros_like(x), x.new_zeros(x.shape[0], self.hidden))

    def forward(
        self, x: Tensor, state: TernaryGLUState | None = None
    ) -> tuple[Tensor, TernaryGLUState]:
        """Run the layer over ``x`` [T, B, C]."""
        x = own_sequence(self, x, self.size, self.up.dtype)
        with _checks.in_own_type(x):
            rest = self.init(x[0])
            v, v_out = rest if state is None else _checks.start(self, state, rest, x)
            x, v = fire(self.lif, x, v)
            gate, up = self.up(x).chunk(2, dim=-1)
            told, v_out = fire(self.lif_out, F.silu(gate) * up, v_out)
            y = self.down(told)
        return y, TernaryGLUState(v, v_out)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        settings = changed(self, {"spiking": self.neurons})
        return ", ".join((f"{self.size}, {self.hidden}", *settings))
