"""LMUFormer: convolutions, a Legendre memory and a feed-forward part per step, and its classes."""

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro.layers import LMU, BatchNorm, Linear, TemporalConv
from axonal.neuro.models._official import load, renamed
from axonal.neuro.network import Network

NAMES = {
    "patch_embed.conv_layers.{i}.0.weight": "embed.convs.{i}.weight",
    "patch_embed.conv_layers.{i}.3.*": "embed.norms.{i}.*",
    "patch_embed.rpe_conv.weight": "embed.position.weight",
    "lmu_block.{i}.attn.lmu.W_u.*": "blocks.{i}.lmu.hear.*",
    "lmu_block.{i}.attn.lmu.W_h.*": "blocks.{i}.lmu.tell.*",
    "lmu_block.{i}.attn.lmu.A": "blocks.{i}.lmu.memory.A",
    "lmu_block.{i}.attn.lmu.B": "blocks.{i}.lmu.memory.B",
    "lmu_block.{i}.attn.lmu.H": None,
    "lmu_block.{i}.attn.lmu.fft_H": None,
    "lmu_block.{i}.attn.proj_conv.*": "blocks.{i}.project.*",
    "lmu_block.{i}.attn.proj_bn.*": "blocks.{i}.norm.*",
    "lmu_block.{i}.mlp.fc1_conv.*": "blocks.{i}.widen.*",
    "lmu_block.{i}.mlp.fc1_bn.*": "blocks.{i}.wide_norm.*",
    "lmu_block.{i}.mlp.fc2_conv.*": "blocks.{i}.narrow.*",
    "lmu_block.{i}.mlp.fc2_bn.*": "blocks.{i}.narrow_norm.*",
    "head.*": "head.*",
}
"""Names of our entries by those of the published code; its answers to an impulse are left out."""


class LMUFormer(Network):
    """Sequence model whose attention is replaced by a Legendre memory.

    Four convolutions of three steps, each with ReLU and :class:`BatchNorm`, and one beside itself
    embed the input; every block adds BN(W LMU(x)) and a feed-forward part of width 4 N to what
    comes; a linear layer tells the classes at every step. The published prediction is the mean of
    the output over time.

    Training sees all steps at once. A stream goes step by step and gives the same to rounding,
    where no step looks ahead (``causal=True``); the published convolutions are centred, five in a
    row, so that an output hears five steps to come.

    Source: Liu, Datta, Li and Beerel, ICLR 2024 (arXiv 2402.04882).

    Args:
        inputs: features per step.
        classes: C.
        width: N.
        blocks: number of blocks.
        order: numbers of each memory; the width if it is ``None``.
        theta: steps of its window.
        causal: whether convolutions hear only what came.

    Returns:
        Called with x [T, B, inputs] and a state: outputs [T, B, C] and the states by path.

    Raises:
        ValueError: for parameters out of range, and for inputs of the wrong shape.

    >>> import torch
    >>> net = LMUFormer(8, 3, width=16, theta=20.0)
    >>> y, state = net(torch.zeros(12, 2, 8))
    >>> y.shape
    torch.Size([12, 2, 3])
    """

    def __init__(
        self,
        inputs: int,
        classes: int,
        *,
        width: int = 256,
        blocks: int = 1,
        order: int | None = None,
        theta: float = 128.0,
        causal: bool = True,
    ) -> None:
        order = width if order is None else order
        super().__init__(_LMUFormer(inputs, classes, width, blocks, order, theta, causal))

    @classmethod
    def from_official(
        cls, state_dict: Mapping[str, Tensor], *, theta: float = 128.0
    ) -> "LMUFormer":
        """Load a checkpoint of the published code, whose convolutions are centred.

        Args:
            state_dict: names ``patch_embed...``, ``lmu_block.{i}...`` and ``head...``.
            theta: of the configuration; the matrices in the checkpoint must be those of it.

        Raises:
            ValueError: for names or shapes that the original does not write; they are named.
        """
        entries = renamed(state_dict, NAMES, cls.__name__)
        net = cls(**sizes(entries, cls.__name__), theta=theta, causal=False)
        load(net, entries, cls.__name__)
        return net


def sizes(entries: Mapping[str, Tensor], who: str) -> dict[str, Any]:
    """Sizes of the network that entries under our names belong to."""
    wanted = ("embed.convs.0.weight", "head.weight", "blocks.0.lmu.memory.B")
    missing = [name for name in wanted if name not in entries]
    if missing:
        raise ValueError(f"{who}.from_official expects {', '.join(missing)}, which is not there.")
    width, inputs, _ = entries[wanted[0]].shape
    return {
        "inputs": inputs,
        "classes": len(entries[wanted[1]]),
        "width": width,
        "blocks": len({name.split(".")[1] for name in entries if name.startswith("blocks.")}),
        "order": len(entries[wanted[2]]),
    }


def conv(inputs: int, width: int, causal: bool) -> TemporalConv:
    """Convolution of three steps, the published one where it is not causal."""
    return TemporalConv(inputs, width, ahead=0 if causal else 1, bias=False)


class _Embedding(nn.Module):
    def __init__(self, inputs: int, width: int, causal: bool) -> None:
        super().__init__()
        widths = (inputs, width, width, width)
        self.convs = nn.ModuleList(conv(n, width, causal) for n in widths)
        self.norms = nn.ModuleList(BatchNorm(width) for _ in widths)
        self.position = conv(width, width, causal)

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = norm(F.relu(conv(x)))
        y: Tensor = x + self.position(x)
        return y


class _Block(nn.Module):
    def __init__(self, width: int, order: int, theta: float) -> None:
        super().__init__()
        self.lmu = LMU(width, width, order=order, theta=theta, over_resolved=True)
        self.project, self.norm = Linear(width, width), BatchNorm(width)
        self.widen, self.wide_norm = Linear(width, 4 * width), BatchNorm(4 * width)
        self.narrow, self.narrow_norm = Linear(4 * width, width), BatchNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.norm(self.project(self.lmu(x)))
        y = F.gelu(self.wide_norm(self.widen(x)))
        return x + F.relu(self.narrow_norm(self.narrow(y)))


class _LMUFormer(nn.Module):
    source_name = "LMUFormer"

    def __init__(
        self,
        inputs: int,
        classes: int,
        width: int,
        blocks: int,
        order: int,
        theta: float,
        causal: bool,
    ) -> None:
        super().__init__()
        self.embed = _Embedding(inputs, width, causal)
        self.blocks = nn.ModuleList(_Block(width, order, theta) for _ in range(blocks))
        self.head = Linear(width, classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        y: Tensor = self.head(x)
        return y


def start(net: nn.Module) -> None:
    """Begin with the published weights of linear layers."""
    for module in net.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)
