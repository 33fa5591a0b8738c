"""Self-attention whose products are masks of spikes, at a cost linear in tokens."""

from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.models._connected import Connected
from axonal.neuro.models._fired import Fired, Neurons
from axonal.neuro.models.spiking_lmu import neurons as published_neurons
from axonal.neuro.network import Network


class SpikeDrivenSelfAttention(Network):
    """Spike-driven self-attention over the tokens of a step.

        q_t, k_t, v_t = LIF(BN(W x_t))                  spikes [L, C], with weights each
        g_t = LIF(sum over tokens of q_t * k_t)         a spike per channel
        y_t = BN(W_y (g_t * v_t))                       numbers [L, C]

    A product of spikes is an AND: nothing is multiplied, and the cost grows with L C, not with L^2.
    Time enters by the neurons alone, so that a stream gives what the whole sequence gives. In a
    graph the products become neurons that fire where both factors do, so that every back end with
    LIF neurons can run it.

    Neurons have v + (x - v) / 2 before the reset to zero and a threshold of 1.

    Source: Yao, Hu, Zhou, Yuan, Tian, Xu and Li, NeurIPS 2023 (arXiv 2307.01694).

    Args:
        tokens: L.
        features: channels C of each token.
        gate_threshold: of the neurons g, > 0.
        neurons: makes the neurons q, k and v, one population in this order, of a size (L, 3 C):
            ``lambda size: neuro.PLIF(size, 3)`` for instance.

    Returns:
        Called with spikes x [T, B, L, C] and a state: y [T, B, L, C] and the states by path.

    Raises:
        ValueError: for parameters out of range, and for inputs of the wrong shape.

    >>> import torch
    >>> attention = SpikeDrivenSelfAttention(tokens=6, features=8)
    >>> y, state = attention(torch.ones(4, 2, 6, 8))
    >>> y.shape, state["gate"].v.shape
    (torch.Size([4, 2, 6, 8]), torch.Size([2, 1, 8]))
    """

    def __init__(
        self,
        tokens: int,
        features: int,
        *,
        gate_threshold: float = 0.5,
        neurons: Neurons | None = None,
    ) -> None:
        tokens, features = _checks.counts(self, tokens=tokens, features=features)
        super().__init__(_SpikeDriven(tokens, features, gate_threshold, neurons))


class _SpikeDriven(nn.Module):
    source_name = "SpikeDrivenSelfAttention"

    def __init__(
        self, tokens: int, features: int, gate_threshold: float, neurons: Neurons | None
    ) -> None:
        super().__init__()
        self.features = features
        self.fired = Fired(tokens, features, 3 * features, neurons)
        self.gate = published_neurons((1, features), gate_threshold)
        self.outputs = Connected(features, features)

    def forward(self, x: Tensor) -> Tensor:
        fired, n = self.fired(x), self.features
        queries, keys, values = fired[..., :n], fired[..., n : 2 * n], fired[..., 2 * n :]
        heard = self.gate((queries * keys).sum(2, keepdim=True))
        y: Tensor = self.outputs(heard * values)
        return y
