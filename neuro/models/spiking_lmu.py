"""Legendre memory units between spikes."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from axonal.neuro.layers import LIF, BatchNorm, Layer, LegendreMemory, LIFState, Linear
from axonal.neuro.network import Network
from axonal.neuro.surrogates import Sigmoid


class SpikingLMU(Network):
    """Legendre memory units between spikes, the cell of :class:`SpikingLMUFormer`.

        u_t = LIF(BN(W_u x_t + b_u))                  one spike train
        m_t = A m_{t-1} + B u_t                       the last theta steps of it as q numbers
        s_t = LIF(BN(m_t))
        h_t = LIF(BN(W_h [s_t; x_t] + b_h))           N outputs

    Neurons have v + (x - v) / 2 before the reset to zero and a threshold of 1; the surrogate is
    ``Sigmoid(4)``. Training over a whole sequence and a stream give the same spikes, but for
    rounding at thresholds.

    Source: Liu, Datta, Li and Beerel, ICLR 2024 (arXiv 2402.04882).

    Args:
        in_features: inputs.
        size: N outputs.
        order: q, numbers of the memory.
        theta: length of its window in steps.
        official: leave out norm and neurons between memory and output, s_t = m_t, in a call that
            goes on from a state and in one of a single step, as the published code does where it
            goes step by step. A stream then answers otherwise than the whole sequence does.

    Returns:
        Called with x [T, B, in_features] and a state: spikes [T, B, N] and the states by path.

    Raises:
        ValueError: for parameters out of range, and for inputs of the wrong shape.

    >>> cell = SpikingLMU(3, 5, order=4, theta=16.0)
    >>> spikes, state = cell(torch.ones(20, 2, 3))
    >>> spikes.shape, state["memory"].m.shape
    (torch.Size([20, 2, 5]), torch.Size([2, 1, 4]))
    """

    def __init__(
        self, in_features: int, size: int, *, order: int, theta: float, official: bool = False
    ) -> None:
        super().__init__(SpikingCell(in_features, size, order, theta, official))


class Spikes(nn.Module):
    """Norm and neurons."""

    def __init__(self, size: int, threshold: float = 1.0) -> None:
        super().__init__()
        self.norm, self.lif = BatchNorm(size), neurons(size, threshold)

    def forward(self, x: Tensor) -> Tensor:
        """Run the neurons over x [T, B, N]."""
        spikes: Tensor = self.lif(self.norm(x))
        return spikes


class SpikesOfSequences(Layer[LIFState]):
    """Norm and neurons that run from rest over several steps only; others pass as they came."""

    spiking: ClassVar[bool] = True

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm, self.lif = BatchNorm(size), neurons(size)

    def forward(self, x: Tensor, state: LIFState | None = None) -> tuple[Tensor, LIFState]:
        """Run the neurons over x [T, B, N], or nothing."""
        if state is not None or len(x) == 1:
            return x, self.lif.init(x[0]) if state is None else state
        spikes, after = self.lif(self.norm(x))
        return spikes, after


class SpikingCell(nn.Module):
    """Parts of :class:`SpikingLMU`."""

    source_name = "SpikingLMU"

    def __init__(
        self, in_features: int, size: int, order: int, theta: float, official: bool
    ) -> None:
        super().__init__()
        self.hear, self.heard = Linear(in_features, 1), Spikes(1)
        self.memory = LegendreMemory(1, order=order, theta=theta, over_resolved=True)
        self.kept: Any = SpikesOfSequences(order) if official else Spikes(order)
        self.tell, self.told = Linear(order + in_features, size), Spikes(size)

    def forward(self, x: Tensor) -> Tensor:
        """Run the cell over x [T, B, in_features]."""
        m = self.kept(self.memory(self.heard(self.hear(x))))
        h: Tensor = self.told(self.tell(torch.cat((m, x), dim=-1)))
        return h


def neurons(size: int | tuple[int, ...], threshold: float = 1.0) -> LIF:
    """Neurons of the published network."""
    surrogate = Sigmoid(4.0)
    form: dict[str, Any] = {"decay": "euler", "decay_input": True, "surrogate": surrogate}
    return LIF(size, 2.0, threshold=threshold, **form)
