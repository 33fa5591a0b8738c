"""Spiking LMUFormer: what goes into every product but the first is spikes."""

from torch import Tensor, nn

from axonal.neuro.layers import BatchNorm, Linear
from axonal.neuro.models.lmuformer import conv, start
from axonal.neuro.models.spiking_lmu import Spikes, SpikingCell
from axonal.neuro.network import Network


class SpikingLMUFormer(Network):
    """:class:`LMUFormer` whose steps of time are those of its neurons: one spike per step.

    Every product but the first convolution's hears spikes of ``LIF(BN(.))``; what is added to
    itself, the residuals, stays a number. The Legendre memory is a number as well: its input and
    what is read from it are spikes. Neurons have v + (x - v) / 2 before the reset to zero and a
    threshold of 1, the first of every block of .5; the surrogate is ``Sigmoid(4)``.

    Training and streams give the same, spikes included, but for rounding at thresholds. The
    published code leaves out the norm and the neurons behind the memory where it goes step by step,
    and so answers otherwise than in training: ``official=True`` does so.

    Source: Liu, Datta, Li and Beerel, ICLR 2024 (arXiv 2402.04882).

    Args:
        inputs: features per step.
        classes: C.
        width: N.
        blocks: number of blocks.
        order: numbers of each memory; twice the width if it is ``None``.
        theta: steps of its window.
        causal: whether convolutions hear only what came.
        official: that of :class:`SpikingLMU`: leave out norm and neurons behind the memory step by
            step.

    Returns:
        Called with x [T, B, inputs] and a state: outputs [T, B, C] and the states by path.

    Raises:
        ValueError: for parameters out of range, and for inputs of the wrong shape.

    >>> import torch
    >>> net = SpikingLMUFormer(8, 3, width=16, theta=20.0)
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
        official: bool = False,
    ) -> None:
        order = 2 * width if order is None else order
        super().__init__(
            _SpikingLMUFormer(inputs, classes, width, blocks, order, theta, causal, official)
        )


class _Embedding(nn.Module):
    def __init__(self, inputs: int, width: int, causal: bool) -> None:
        super().__init__()
        self.first = conv(inputs, width, causal)
        self.spikes = nn.ModuleList(Spikes(width) for _ in range(3))
        self.convs = nn.ModuleList(conv(width, width, causal) for _ in range(3))
        self.position_spikes, self.position = Spikes(width), conv(width, width, causal)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for fire, connect in zip(self.spikes, self.convs, strict=True):
            x = connect(fire(x))
        y: Tensor = x + self.position(self.position_spikes(x))
        return y


class _Block(nn.Module):
    def __init__(self, width: int, order: int, theta: float, official: bool) -> None:
        super().__init__()
        self.spikes = Spikes(width, threshold=0.5)
        self.lmu = SpikingCell(width, width, order, theta, official)
        self.project, self.norm = Linear(width, width), BatchNorm(width)
        self.before, self.widen = Spikes(width), Linear(width, 4 * width)
        self.between, self.narrow = Spikes(4 * width), Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.norm(self.project(self.lmu(self.spikes(x))))
        y: Tensor = x + self.narrow(self.between(self.widen(self.before(x))))
        return y


class _SpikingLMUFormer(nn.Module):
    source_name = "SpikingLMUFormer"

    def __init__(
        self,
        inputs: int,
        classes: int,
        width: int,
        blocks: int,
        order: int,
        theta: float,
        causal: bool,
        official: bool,
    ) -> None:
        super().__init__()
        self.embed = _Embedding(inputs, width, causal)
        self.blocks = nn.ModuleList(_Block(width, order, theta, official) for _ in range(blocks))
        self.spikes, self.head = Spikes(width), Linear(width, classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        y: Tensor = self.head(self.spikes(x))
        return y
