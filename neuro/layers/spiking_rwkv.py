"""Spiking RWKV: the mean of all values so far, gated, and neurons that fire on it."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._neuron import known_backend
from axonal.neuro.layers._shown import changed
from axonal.neuro.layers._token_shift import fire, mixed, neurons, shifted
from axonal.neuro.ops.wkv import WKVState, wkv


class SpikingRWKVState(NamedTuple):
    """State of :class:`SpikingRWKV`.

    Attributes:
        x: the last input [B, C].
        p: sum of the weighted values, divided by exp(o) [B, C].
        q: sum of the weights, divided by exp(o) [B, C].
        o: exponent of the largest weight [B, C].
        v: potential of the neurons [B, C]; ``None`` without them.
    """

    x: Tensor
    p: Tensor
    q: Tensor
    o: Tensor
    v: Tensor | None


class SpikingRWKV(Layer[SpikingRWKVState]):
    """Token mixer of SpikeGPT: RWKV in the place of attention, and LIF neurons behind it.

        x^k = mu_k x_t + (1 - mu_k) x_{t-1}, and so x^v and x^r
        k = W_k x^k,  v = W_v x^v,  r = sigmoid(W_r x^r)
        y = W_o (r * wkv(k, v))                             (see `axonal.neuro.ops.wkv`)
        s = LIF(y): h = v + (y - v) / 2, s = [h >= 1], v = h (1 - s)

    with the logarithm w = -exp(time_decay) of the decay. The neurons' time is that of the tokens:
    one step per token. Its state has one size for any number of tokens.

    Initial values are the published ones: of channel h of C in layer l of L, time_decay = -5 +
    8 (h / (C - 1))^(.7 + 1.3 l / (L - 1)), time_first = ln .3 + ((h + 1) mod 3 - 1) / 2,
    mu_k = (h / C)^(1 - l / L), mu_v = mu_k + .3 l / (L - 1), mu_r = (h / C)^(.5 (1 - l / L)); W_k,
    W_r and W_o zero, so that a layer begins silent, W_v orthogonal.

    Source: Zhu et al., TMLR 2024 (arXiv 2302.13939).

    Args:
        size: C channels.
        layer: l, counted from 0.
        layers: L.
        spiking: whether there are neurons; without them it is the token mixer of RWKV.
        official: begin with orthogonal W_k, W_r and W_o, as the published code does against its own
            intention.
        backend: of :func:`axonal.neuro.ops.wkv.wkv`.

    Returns:
        Called with x [T, B, C] and a state: spikes [T, B, C] and a :class:`SpikingRWKVState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> layer = SpikingRWKV(8)
    >>> spikes, state = layer(torch.randn(5, 2, 8))
    >>> spikes.shape, state.p.shape
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
        backend: str = "auto",
    ) -> None:
        super().__init__()
        (self.size,) = _checks.counts(self, size=size)
        self.layer, self.layers = place(self, layer, layers)
        self.official = official
        self.backend = known_backend(self, backend, ("auto", "reference", "cpu", "cuda"))
        decay, first, k, v, r = (nn.Parameter(torch.empty(self.size)) for _ in range(5))
        self.time_decay, self.time_first = decay, first
        self.time_mix_k, self.time_mix_v, self.time_mix_r = k, v, r
        key, value, receptance, output = (
            nn.Linear(self.size, self.size, bias=False) for _ in range(4)
        )
        self.key, self.value, self.receptance, self.output = key, value, receptance, output
        self.lif = neurons(self.size) if spiking else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin with the published values."""
        size, (depth, rest) = self.size, depths(self.layer, self.layers)
        h = torch.arange(size, dtype=torch.float64)
        mix = (h / size) ** rest
        along = h / max(size - 1, 1)
        with torch.no_grad():
            self.time_decay.copy_(-5 + 8 * along ** (0.7 + 1.3 * depth))
            self.time_first.copy_(math.log(0.3) + 0.5 * ((h + 1) % 3 - 1))
            self.time_mix_k.copy_(mix)
            self.time_mix_v.copy_(mix + 0.3 * depth)
            self.time_mix_r.copy_((h / size) ** (0.5 * rest))
        nn.init.orthogonal_(self.value.weight)
        for linear in (self.key, self.receptance, self.output):
            begin(linear, self.official)

    @property
    def spiking(self) -> bool:  # type: ignore[override]
        """Whether the output is spikes."""
        return self.lif is not None

    def init(self, x: Tensor) -> SpikingRWKVState:
        """Return the state before anything came, for inputs like ``x`` [B, C]."""
        none = torch.zeros_like(x)
        return SpikingRWKVState(none, *WKVState.rest(x), none if self.spiking else None)

    def forward(
        self, x: Tensor, state: SpikingRWKVState | None = None
    ) -> tuple[Tensor, SpikingRWKVState]:
        """Run the layer over ``x`` [T, B, C]."""
        x = own_sequence(self, x, self.size, self.key.weight.dtype)
        with _checks.in_own_type(x):
            rest = self.init(x[0])
            before, p, q, o, v = rest if state is None else _checks.start(self, state, rest, x)
            earlier = shifted(x, before)
            key = self.key(mixed(x, earlier, self.time_mix_k))
            value = self.value(mixed(x, earlier, self.time_mix_v))
            gate = torch.sigmoid(self.receptance(mixed(x, earlier, self.time_mix_r)))
            sums = WKVState(p, q, o)
            w = -torch.exp(self.time_decay)
            mean, sums = wkv(key, value, w, self.time_first, sums, backend=self.backend)
            _checks.finite(self, mean[-1], "the mean of the values")
            y, v = fire(self.lif, self.output(gate * mean), v)
        return y, SpikingRWKVState(x[-1].clone(), *sums, v)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        names = ("layer", "layers", "spiking", "official", "backend")
        settings = changed(self, {name: getattr(self, name) for name in names})
        return ", ".join((str(self.size), *settings))


def place(module: nn.Module, layer: int, layers: int) -> tuple[int, int]:
    """Return the place of a layer among others, from which its initial values follow.

    Raises:
        ValueError: for a place behind the last.
    """
    layer, layers = (
        _checks.count(module, "layer", layer, 0),
        _checks.count(module, "layers", layers),
    )
    if layer >= layers:
        raise ValueError(
            f"{type(module).__name__} expects layer below layers = {layers}, counted from 0, got "
            f"{layer}."
        )
    return layer, layers


def depths(layer: int, layers: int) -> tuple[float, float]:
    """Return l / (L - 1), and 1 - l / L.

    >>> depths(1, 2)
    (1.0, 0.5)
    """
    return layer / max(layers - 1, 1), 1 - layer / layers


def begin(linear: nn.Linear, official: bool) -> None:
    """Begin with the zeros that were intended, or with what the published code has instead."""
    if official:
        nn.init.orthogonal_(linear.weight)
    else:
        nn.init.zeros_(linear.weight)


def own_sequence(module: nn.Module, x: Tensor, size: int, dtype: torch.dtype) -> Tensor:
    """Return x [T, B, C] in the type that a layer holds, or refuse it."""
    if _checks.fits(x, (size,), dtype):
        return x
    x = _checks.own_type(x, dtype)
    _checks.sequence(module, x, (size,), dtype)
    return x
