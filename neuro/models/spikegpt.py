"""SpikeGPT: a language model of spiking RWKV blocks, and its checkpoints."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import BinaryEmbedding, Dropout, Layer, SpikingRFFN, SpikingRWKV
from axonal.neuro.models._official import load, renamed
from axonal.neuro.network import Network

NAMES = {
    "emb.weight": "embed.weight",
    "blocks.0.ln0.*": "body.embed_norm.*",
    "blocks.{i}.ln1.*": "body.blocks.{i}.mix_norm.*",
    "blocks.{i}.ln2.*": "body.blocks.{i}.feed_norm.*",
    "blocks.{i}.att.*": "body.blocks.{i}.mix.*",
    "blocks.{i}.att.*.weight": "body.blocks.{i}.mix.*.weight",
    "blocks.{i}.ffn.*": "body.blocks.{i}.feed.*",
    "blocks.{i}.ffn.*.weight": "body.blocks.{i}.feed.*.weight",
    "ln_out.*": "body.out_norm.*",
    "head.weight": "body.head.weight",
}
"""Names of our entries by those of the published code."""
RESCALED = 6
"""Blocks after which the published code for inference halves what flows."""
_BITS_IN_INFERENCE = 77
"""Number of tokens with which the published code for inference has bits in its embedding."""

State = dict[str, Any]


class SpikeGPT(Layer[State]):
    """Spiking language model of Zhu et al.: one token per step, a state of one size.

        x = LN(s(token))                              bits of :class:`BinaryEmbedding`
        x = x + LIF(RWKV(LN(x)))                      :class:`SpikingRWKV`
        x = x + LIF(RFFN(LN(x)))                      :class:`SpikingRFFN`
        logits = W LN(x)

    What is added is spikes; the sum that flows, and so what every product hears, are real numbers
    behind a norm. Training sees all tokens at once; a stream goes on from the state and gives the
    same to rounding, a spike apart where a potential lies at the threshold.

    Source: Zhu, Zhao, Li and Eshraghian, TMLR 2024 (arXiv 2302.13939).

    Args:
        tokens: V, size of the vocabulary.
        size: C channels.
        layers: L blocks.
        dropout: chance that what a block adds is left out, per number, in training.
        spiking: whether there are LIF neurons; without them it is RWKV.
        binary: whether the embedding is bits.
        official: begin with what the published code begins with by accident: its zeros are not
            applied, so that W of every block is orthogonal.
        backend: of :func:`axonal.neuro.ops.wkv.wkv`.

    Returns:
        Called with tokens [T, B] and a state: logits of the next token [T, B, V] and the states of
        the layers by path.

    Raises:
        ValueError: for parameters out of range, for tokens that there are not, and for states of
            the wrong shape.

    >>> model = SpikeGPT(65, size=16, layers=2)
    >>> logits, state = model(torch.tensor([[1], [2], [3]]))
    >>> logits.shape
    torch.Size([3, 1, 65])
    >>> model.step(torch.tensor([4]), state)[0].shape
    torch.Size([1, 65])
    """

    spiking: ClassVar[bool] = False

    def __init__(
        self,
        tokens: int,
        *,
        size: int = 512,
        layers: int = 12,
        dropout: float = 0.03,
        spiking: bool = True,
        binary: bool = True,
        official: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.tokens, self.size, self.layers = _checks.counts(
            self, tokens=tokens, size=size, layers=layers
        )
        self._settings: dict[str, Any] = {
            "dropout": dropout, "spiking": spiking, "binary": binary, "official": official,
            "backend": backend,
        }  # fmt: skip
        self.embed = BinaryEmbedding(self.tokens, self.size, binary=binary)
        chosen = {"spiking": spiking, "official": official}
        blocks = [
            _Block(self.size, layer, self.layers, dropout, backend, chosen)
            for layer in range(self.layers)
        ]
        self.body = Network(_Body(self.tokens, self.size, blocks))

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the logits of the token behind each of ``tokens`` [T, B]."""
        _checks.tokens(self, tokens)
        logits, state = self.body(self.embed(tokens), state)
        return logits, state

    def official_inference(self) -> "SpikeGPT":
        """Return a copy that computes as the published code for inference does.

        That halves what flows behind every sixth block, and divides the last weights of block l by
        2^(l // 6). RWKV takes no notice, but here thresholds follow these weights, so that a model
        of more than six blocks answers otherwise than in training. Its embedding is bits with 77
        tokens only.

        >>> copy = SpikeGPT(77, size=8, layers=2).official_inference()
        >>> copy.embed.binary
        True
        """
        settings = self._settings | {"binary": self.tokens == _BITS_IN_INFERENCE}
        made = SpikeGPT(self.tokens, size=self.size, layers=self.layers, **settings)
        made.load_state_dict(self.state_dict())
        body = _Body(self.tokens, self.size, list(made.body.blocks), halved=RESCALED)
        body.load_state_dict(made.body.state_dict())
        with torch.no_grad():
            blocks: Any = body.blocks
            for layer, block in enumerate(blocks):
                for last in (block.mix.output, block.feed.value):
                    last.weight /= 2 ** (layer // RESCALED)
        made.body = Network(body)
        return made.to(self.embed.weight.device, self.embed.weight.dtype).train(self.training)

    @classmethod
    def from_official(cls, state_dict: Mapping[str, Tensor], **settings: Any) -> "SpikeGPT":
        """Load a checkpoint of the published code.

        Args:
            state_dict: names ``emb.weight``, ``blocks.{i}...``, ``ln_out...`` and ``head.weight``.
            **settings: ``dropout`` and ``backend`` of the model.

        Raises:
            ValueError: for names or shapes that the original does not write; they are named.

        >>> SpikeGPT.from_official({"head.bias": torch.zeros(3)})
        Traceback (most recent call last):
        ValueError: SpikeGPT.from_official does not know head.bias: is it the state_dict of the
        whole network, of this architecture?
        """
        entries = renamed(state_dict, NAMES, cls.__name__)
        for name, value in entries.items():
            if ".time_" in name:
                entries[name] = value.reshape(-1)
        if "embed.weight" not in entries or entries["embed.weight"].ndim != 2:
            raise ValueError(f"{cls.__name__}.from_official expects emb.weight (V, C).")
        layers = {name.split(".")[2] for name in entries if name.startswith("body.blocks.")}
        tokens, size = entries["embed.weight"].shape
        if not layers:
            raise ValueError(f"{cls.__name__}.from_official expects blocks, there are none.")
        model = cls(tokens, size=size, layers=len(layers), **settings)
        model = model.to(entries["embed.weight"].dtype)
        # decay and threshold are no entries of theirs
        ours = {name: own for name, own in model.state_dict().items() if ".lif." in name}
        load(model, entries | ours, cls.__name__)
        return model

    def extra_repr(self) -> str:
        """Return the text of ``print(model)``."""
        return f"{self.tokens}, size={self.size}, layers={self.layers}"


class _Block(nn.Module):
    def __init__(
        self,
        size: int,
        layer: int,
        layers: int,
        dropout: float,
        backend: str,
        chosen: Mapping[str, bool],
    ) -> None:
        super().__init__()
        at: dict[str, Any] = {"layer": layer, "layers": layers, **chosen}
        self.mix_norm, self.feed_norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.mix = SpikingRWKV(size, backend=backend, **at)
        self.feed = SpikingRFFN(size, **at)
        self.mix_drop, self.feed_drop = Dropout(dropout), Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mix_drop(self.mix(self.mix_norm(x)))
        y: Tensor = x + self.feed_drop(self.feed(self.feed_norm(x)))
        return y


class _Body(nn.Module):
    source_name = "SpikeGPT"

    def __init__(self, tokens: int, size: int, blocks: list[_Block], halved: int = 0) -> None:
        super().__init__()
        self.halved = halved
        self.embed_norm, self.out_norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(size, tokens, bias=False)
        nn.init.orthogonal_(self.head.weight, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed_norm(x)
        for layer, block in enumerate(self.blocks):
            x = block(x)
            if self.halved and (layer + 1) % self.halved == 0:
                x = x * 0.5
        y: Tensor = self.head(self.out_norm(x))
        return y
