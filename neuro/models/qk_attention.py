"""Attention by queries that mask keys, at a cost linear in tokens and channels."""

from typing import Literal

from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.models._connected import Connected
from axonal.neuro.models._fired import Fired, Neurons
from axonal.neuro.models.spiking_lmu import neurons as published_neurons
from axonal.neuro.network import Network

Masked = Literal["tokens", "channels"]


class QKAttention(Network):
    """Q-K attention over the tokens of a step: queries mask keys.

        q_t, k_t = LIF(BN(W x_t))                       spikes [L, C], with weights each
        g_t = LIF(sum over channels of q_t)             masks="tokens": a spike per token and head
        g_t = LIF(sum over tokens of q_t)               masks="channels": a spike per channel
        y_t = BN(W_y (g_t * k_t))                       numbers [L, C]

    A product of spikes is an AND: nothing is multiplied, and the cost grows with L C, not with L^2.
    Time enters by the neurons alone, so that a stream gives what the whole sequence gives. In a
    graph the product becomes neurons that fire where both factors do, so that every back end with
    LIF neurons can run it.

    Neurons have v + (x - v) / 2 before the reset to zero and a threshold of 1.

    Source: Zhou, Zhang, Zhou, Yu, Huang, Fan, Yuan, Ma, Zhou and Tian, NeurIPS 2024
    (arXiv 2403.16552).

    Args:
        tokens: L.
        features: channels C of each token.
        masks: what the queries choose, ``"tokens"`` or ``"channels"``.
        heads: groups of channels whose queries are summed apart, a divisor of C; for
            ``masks="tokens"`` only.
        gate_threshold: of the neurons g, > 0.
        neurons: makes the neurons q and k, one population in this order, of a size (L, 2 C):
            ``lambda size: neuro.PLIF(size, 3)`` for instance.

    Returns:
        Called with spikes x [T, B, L, C] and a state: y [T, B, L, C] and the states by path.

    Raises:
        ValueError: for parameters out of range, and for inputs of the wrong shape.

    >>> import torch
    >>> attention = QKAttention(tokens=6, features=8, heads=2)
    >>> y, state = attention(torch.ones(4, 2, 6, 8))
    >>> y.shape, state["gate"].v.shape
    (torch.Size([4, 2, 6, 8]), torch.Size([2, 6, 2, 1]))
    """

    def __init__(
        self,
        tokens: int,
        features: int,
        *,
        masks: Masked = "tokens",
        heads: int = 1,
        gate_threshold: float = 0.5,
        neurons: Neurons | None = None,
    ) -> None:
        tokens, features, heads = _checks.counts(
            self, tokens=tokens, features=features, heads=heads
        )
        if masks not in ("tokens", "channels"):
            raise ValueError(f'QKAttention expects masks = "tokens" or "channels", got {masks!r}.')
        if features % heads or (heads > 1 and masks == "channels"):
            raise ValueError(
                f"QKAttention expects heads that divide the {features} features, 1 for "
                f'masks="channels", got {heads}.'
            )
        super().__init__(_QK(tokens, features, masks, heads, gate_threshold, neurons))


class _QK(nn.Module):
    source_name = "QKAttention"

    def __init__(
        self,
        tokens: int,
        features: int,
        masks: Masked,
        heads: int,
        gate_threshold: float,
        neurons: Neurons | None,
    ) -> None:
        super().__init__()
        self.fired = Fired(tokens, features, 2 * features, neurons)
        # queries and keys are [T, B, L, heads, C / heads]
        self.heads = (heads, features // heads)
        self.summed = 4 if masks == "tokens" else 2
        size = (tokens, heads, 1) if masks == "tokens" else (1, heads, features)
        self.gate = published_neurons(size, gate_threshold)
        self.outputs = Connected(features, features)

    def forward(self, x: Tensor) -> Tensor:
        fired = self.fired(x).unflatten(3, (2, *self.heads))
        queries, keys = fired[..., 0, :, :], fired[..., 1, :, :]
        heard = self.gate(queries.sum(self.summed, keepdim=True))
        y: Tensor = self.outputs((heard * keys).flatten(3))
        return y
