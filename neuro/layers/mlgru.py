"""MLGRU: a gated linear recurrence between ternary connections."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._shown import changed
from axonal.neuro.layers._token_shift import fire, neurons
from axonal.neuro.layers.bit_linear import EPS, BitLinear
from axonal.neuro.layers.spiking_rwkv import own_sequence
from axonal.neuro.ops.gated_scan import gated_scan


class MLGRUState(NamedTuple):
    """State of :class:`MLGRU`.

    Attributes:
        h: after the last step [B, C].
        v: potential of the neurons before the gates [B, C]; ``None`` without neurons.
        v_out: potential of those before the output; likewise.
    """

    h: Tensor
    v: Tensor | None
    v_out: Tensor | None


class MLGRU(Layer[MLGRUState]):
    """Token mixer of MatMul-free language models, all of whose weights are ternary.

        f = b + (1 - b) sigmoid(W_f x)
        i = silu(W_i x) (1 - f)
        h_t = f h_{t-1} + i
        y = W_o (w norm(W_g x) * silu(h))

    W are :class:`BitLinear`. As in the published code, the norm is that of the gate, and silu that
    of the state. With ``spiking``, LIF neurons fire on x and on what W_o hears, so that every
    product is one of spikes and signs: additions. The products with gates and norms stay.

    Source: Zhu et al. 2024 (arXiv 2406.02528), after HGRN (Qin et al., NeurIPS 2023). That spikes
    stand before the ternary weights is our own variant.

    Args:
        size: C channels.
        layer: place among the layers that share ``bounds``.
        bounds: gives b, the least that a layer remembers; zero without it.
        spiking: whether there are neurons.

    Returns:
        Called with x [T, B, C] and a state: y [T, B, C] and a :class:`MLGRUState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> layer = MLGRU(8)
    >>> y, state = layer(torch.randn(5, 2, 8))
    >>> y.shape, state.h.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 8]))
    """

    def __init__(
        self,
        size: int,
        *,
        layer: int = 0,
        bounds: "LowerBounds | None" = None,
        spiking: bool = False,
    ) -> None:
        super().__init__()
        (self.size,) = _checks.counts(self, size=size)
        self.neurons, self.bounds = spiking, bounds
        self.layer = _checks.count(self, "layer", layer, 0)
        write, forget, gate, output = (
            BitLinear(self.size, self.size, events=spiking) for _ in range(4)
        )
        self.write, self.forget, self.gate, self.output = write, forget, gate, output
        self.gate_weight = nn.Parameter(torch.ones(self.size))
        self.lif = neurons(self.size) if spiking else None
        self.lif_out = neurons(self.size) if spiking else None

    def init(self, x: Tensor) -> MLGRUState:
        """Return the state before anything came, for inputs like ``x`` [B, C]."""
        none = torch.zeros_like(x)
        return MLGRUState(none, *((none, none) if self.neurons else (None, None)))

    def forward(self, x: Tensor, state: MLGRUState | None = None) -> tuple[Tensor, MLGRUState]:
        """Run the layer over ``x`` [T, B, C]."""
        x = own_sequence(self, x, self.size, self.gate_weight.dtype)
        with _checks.in_own_type(x):
            rest = self.init(x[0])
            h, v, v_out = rest if state is None else _checks.start(self, state, rest, x)
            x, v = fire(self.lif, x, v)
            forget = torch.sigmoid(self.forget(x))
            if self.bounds is not None:
                forget = torch.lerp(forget, torch.ones_like(forget), self.bounds(self.layer))
            write = F.silu(self.write(x)) * (1 - forget)
            states = gated_scan(write, forget, h)
            gate = F.rms_norm(self.gate(x), (self.size,), self.gate_weight, EPS)
            told, v_out = fire(self.lif_out, gate * F.silu(states), v_out)
            h = states[-1]
            y = self.output(told)
        _checks.finite(self, h, "the state")
        return y, MLGRUState(h, v, v_out)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        settings = changed(self, {"layer": self.layer, "spiking": self.neurons})
        return ", ".join((str(self.size), *settings))


class LowerBounds(nn.Module):
    """Least that every layer remembers, more in later layers; none in the first.

        b_l = sum_{0 < k <= l} softmax_k(table)      per channel

    Source: Qin et al., NeurIPS 2023 (HGRN).

    Args:
        layers: L.
        size: C channels.

    Returns:
        Called with the place of a layer: b [C].

    >>> bounds = LowerBounds(4, 2)
    >>> bounds(0).tolist(), bounds(3).tolist()
    ([0.0, 0.0], [0.75, 0.75])
    """

    def __init__(self, layers: int, size: int) -> None:
        super().__init__()
        layers, size = _checks.counts(self, layers=layers, size=size)
        self.table = nn.Parameter(torch.zeros(layers, size))

    def forward(self, layer: int) -> Tensor:
        """Return the bound of a layer."""
        return self.table.softmax(0)[1 : layer + 1].sum(0)
