"""Spiking RFFN: the feed-forward part of SpikeGPT, gated, and neurons that fire on it."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._shown import changed
from axonal.neuro.layers._token_shift import fire, mixed, neurons, shifted
from axonal.neuro.layers.spiking_rwkv import begin, depths, own_sequence, place

WIDER = 4
"""Hidden units per channel."""


class SpikingRFFNState(NamedTuple):
    """State of :class:`SpikingRFFN`.

    Attributes:
        x: the last input [B, C].
        v: potential of the neurons [B, C]; ``None`` without them.
    """

    x: Tensor
    v: Tensor | None


class SpikingRFFN(Layer[SpikingRFFNState]):
    """Feed-forward part of SpikeGPT, four times as wide inside, and LIF neurons behind it.

        x^k = mu_k x_t + (1 - mu_k) x_{t-1}, and so x^r
        y = sigmoid(W_r x^r) * W_v max(0, W_k x^k)^2
        s = LIF(y): h = v + (y - v) / 2, s = [h >= 1], v = h (1 - s)

    What is inside are real numbers: it spikes behind the block alone. Initial values are the
    published ones: mu_k = mu_r = (h / C)^(1 - l / L) for channel h of C in layer l of L, W_r and
    W_v zero, so that it begins silent, W_k orthogonal.

    Source: Zhu et al., TMLR 2024 (arXiv 2302.13939).

    Args:
        size: C channels.
        layer: l, counted from 0.
        layers: L.
        spiking: whether there are neurons.
        official: begin with orthogonal W_r and W_v, as the published code does against its own
            intention.

    Returns:
        Called with x [T, B, C] and a state: spikes [T, B, C] and a :class:`SpikingRFFNState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> layer = SpikingRFFN(8)
    >>> spikes, state = layer(torch.randn(5, 2, 8))
    >>> spikes.shape, state.x.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 8]))
    """

    def __init__(
        self,
        size: int,
        *,
        layer: int = 0,
        layers: int = 1,
        spiking: bool = True,
        official: bool = False,
    ) -> None:
        super().__init__()
        (self.size,) = _checks.counts(self, size=size)
        self.layer, self.layers = place(self, layer, layers)
        self.official = official
        self.time_mix_k = nn.Parameter(torch.empty(self.size))
        self.time_mix_r = nn.Parameter(torch.empty(self.size))
        self.key = nn.Linear(self.size, WIDER * self.size, bias=False)
        self.receptance = nn.Linear(self.size, self.size, bias=False)
        self.value = nn.Linear(WIDER * self.size, self.size, bias=False)
        self.lif = neurons(self.size) if spiking else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin with the published values."""
        mix = (torch.arange(self.size, dtype=torch.float64) / self.size) ** depths(
            self.layer, self.layers
        )[1]
        with torch.no_grad():
            self.time_mix_k.copy_(mix)
            self.time_mix_r.copy_(mix)
        nn.init.orthogonal_(self.key.weight)
        for linear in (self.receptance, self.value):
            begin(linear, self.official)

    @property
    def spiking(self) -> bool:  # type: ignore[override]
        """Whether the output is spikes."""
        return self.lif is not None

    def init(self, x: Tensor) -> SpikingRFFNState:
        """Return the state before anything came, for inputs like ``x`` [B, C]."""
        none = torch.zeros_like(x)
        return SpikingRFFNState(none, none if self.spiking else None)

    def forward(
        self, x: Tensor, state: SpikingRFFNState | None = None
    ) -> tuple[Tensor, SpikingRFFNState]:
        """Run the layer over ``x`` [T, B, C]."""
        x = own_sequence(self, x, self.size, self.key.weight.dtype)
        with _checks.in_own_type(x):
            rest = self.init(x[0])
            before, v = rest if state is None else _checks.start(self, state, rest, x)
            earlier = shifted(x, before)
            key = F.relu(self.key(mixed(x, earlier, self.time_mix_k))).square()
            gate = torch.sigmoid(self.receptance(mixed(x, earlier, self.time_mix_r)))
            y, v = fire(self.lif, gate * self.value(key), v)
        return y, SpikingRFFNState(x[-1].clone(), v)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        names = ("layer", "layers", "spiking", "official")
        settings = changed(self, {name: getattr(self, name) for name in names})
        return ", ".join((str(self.size), *settings))
