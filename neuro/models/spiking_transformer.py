"""Spiking transformers over the patches of pictures and of counted events."""

from typing import Any, Literal, get_args

from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import BatchNorm, Conv2d, Layer, Linear
from axonal.neuro.models._connected import Connected
from axonal.neuro.models._fired import Fired, Neurons, made
from axonal.neuro.models.qk_attention import QKAttention
from axonal.neuro.models.spike_driven_self_attention import SpikeDrivenSelfAttention
from axonal.neuro.network import Network

Attention = Literal["spike-driven", "qk-token", "qk-channel", "none"]
ATTENTIONS: tuple[Attention, ...] = get_args(Attention)


class SpikingTransformer(Network):
    """Blocks of spiking attention over the patches of what is seen at a step.

        u = BN(conv(LIF(... BN(conv(x)))))            convolutions of stride 2; patches are tokens
        u = u + BN(conv(LIF(u)))                      where a patch is
        u = u + attention(LIF(u))                     every block
        u = u + BN(W LIF(BN(W LIF(u))))
        y = W mean over tokens of LIF(u)

    Every product hears spikes, and only the sums u are numbers. Neurons have v + (x - v) / 2 before
    the reset to zero and a threshold of 1.

    Sources: Yao et al., NeurIPS 2023 (arXiv 2307.01694), for the blocks and the spike-driven
    attention; Zhou et al., NeurIPS 2024 (arXiv 2403.16552), for the others.

    Args:
        picture: (channels, height, width) of a step.
        classes: M.
        width: channels C of a token, a multiple of 2^(halvings - 1).
        blocks: number of blocks.
        halvings: convolutions of stride 2, each of which halves height and width.
        attention: ``"spike-driven"`` (:class:`SpikeDrivenSelfAttention`), ``"qk-token"`` or
            ``"qk-channel"`` (:class:`QKAttention`), or ``"none"``: the block's weights without a
            mask, BN(W LIF(BN(W x))), by which the worth of attention is told.
        heads: of ``"qk-token"``.
        hidden: neurons per token between the last two weights of a block; 4 C if it is ``None``.
        neurons: makes all neurons but those that mask; see :class:`SpikeDrivenSelfAttention`.

    Returns:
        Called with x [T, B, channels, height, width] and a state: y [T, B, M] and the states by
        path.

    Raises:
        ValueError: for parameters out of range, and for inputs of the wrong shape.

    >>> import torch
    >>> net = SpikingTransformer((2, 16, 16), 10, width=16, blocks=1)
    >>> y, state = net(torch.ones(4, 2, 2, 16, 16))
    >>> y.shape
    torch.Size([4, 2, 10])
    """

    def __init__(
        self,
        picture: tuple[int, int, int],
        classes: int,
        *,
        width: int = 64,
        blocks: int = 2,
        halvings: int = 2,
        attention: Attention = "spike-driven",
        heads: int = 1,
        hidden: int | None = None,
        neurons: Neurons | None = None,
    ) -> None:
        hidden = 4 * width if hidden is None else hidden
        classes, width, blocks, halvings, hidden = _checks.counts(
            self, classes=classes, width=width, blocks=blocks, halvings=halvings, hidden=hidden
        )
        channels, height, wide = _checks.counts(
            self, channels=picture[0], height=picture[1], width=picture[2]
        )
        if attention not in ATTENTIONS:
            known = ", ".join(ATTENTIONS)
            raise ValueError(f"SpikingTransformer knows the attentions {known}; got {attention!r}.")
        if width % 2 ** (halvings - 1):
            raise ValueError(
                f"SpikingTransformer expects a width that is a multiple of {2 ** (halvings - 1)} "
                f"for {halvings} halvings, got {width}."
            )
        patches = _Patches((channels, height, wide), width, halvings, neurons)
        tokens = patches.space[0] * patches.space[1]
        made_blocks = [
            _Block(
                tokens, width, _attention(tokens, width, attention, heads, neurons), hidden, neurons
            )
            for _ in range(blocks)
        ]
        last, head = made(neurons, (tokens, width)), Linear(width, classes)
        super().__init__(_SpikingTransformer(patches, made_blocks, last, head))


class _Patches(nn.Module):
    """Patches [T, B, C, H, W] of a picture."""

    def __init__(
        self, picture: tuple[int, int, int], width: int, halvings: int, neurons: Neurons | None
    ) -> None:
        super().__init__()
        channels, *space = picture
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        self.neurons = nn.ModuleList()
        for left in reversed(range(halvings)):
            wide, space = width >> left, [(n + 1) // 2 for n in space]
            self.convs.append(Conv2d(channels, wide, 3, stride=2, padding=1, bias=False))
            self.norms.append(BatchNorm(wide))
            self.neurons.append(made(neurons, (wide, *space)))
            channels = wide
        self.space = (space[0], space[1])
        self.position = Conv2d(width, width, 3, padding=1, bias=False)
        self.position_norm = BatchNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        u = x
        for conv, norm, neurons in zip(self.convs, self.norms, self.neurons, strict=True):
            u = norm(conv(x))
            x = neurons(u)
        y: Tensor = u + self.position_norm(self.position(x))
        return y


class _Block(nn.Module):
    def __init__(
        self,
        tokens: int,
        width: int,
        attention: nn.Module,
        hidden: int,
        neurons: Neurons | None,
    ) -> None:
        super().__init__()
        self.heard, self.attention = made(neurons, (tokens, width)), attention
        self.between = made(neurons, (tokens, width))
        self.widen = Fired(tokens, width, hidden, neurons)
        self.narrow = Connected(hidden, width)

    def forward(self, u: Tensor) -> Tensor:
        u = u + self.attention(self.heard(u))
        y: Tensor = u + self.narrow(self.widen(self.between(u)))
        return y


def _attention(
    tokens: int, width: int, attention: Attention, heads: int, neurons: Neurons | None
) -> nn.Module:
    if attention == "none":
        return nn.Sequential(Fired(tokens, width, width, neurons), Connected(width, width))
    if attention == "spike-driven":
        return SpikeDrivenSelfAttention(tokens, width, neurons=neurons)
    masks: Literal["tokens", "channels"] = "tokens" if attention == "qk-token" else "channels"
    return QKAttention(tokens, width, masks=masks, heads=heads, neurons=neurons)


class _SpikingTransformer(nn.Module):
    source_name = "SpikingTransformer"

    def __init__(
        self, patches: _Patches, blocks: list[_Block], last: Layer[Any], head: Linear
    ) -> None:
        super().__init__()
        self.patches, self.blocks = patches, nn.ModuleList(blocks)
        self.last, self.head = last, head

    def forward(self, x: Tensor) -> Tensor:
        u = self.patches(x).flatten(3).transpose(2, 3)
        for block in self.blocks:
            u = block(u)
        y: Tensor = self.head(self.last(u).mean(2))
        return y
