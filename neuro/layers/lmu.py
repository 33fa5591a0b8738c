"""The Legendre memory unit, whose linear memory lets it train in parallel over time."""

from collections.abc import Callable, Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers.legendre_memory import LegendreMemory, LegendreMemoryState

Function = Callable[[Tensor], Tensor]


class LMU(Layer[LegendreMemoryState]):
    """Legendre memory units without recurrence but for their memories.

        u_t = f(W_u x_t + b_u)                  d scalars
        m_t = A m_{t-1} + B u_t                 the last theta steps of each as q numbers
        h_t = f(W_h [m_t; x_t] + b_h)           N outputs

    Its memories are a :class:`LegendreMemory`, which trains in parallel over time and streams.

    Source: Voelker, Kajić and Eliasmith, NeurIPS 2019; Chilkuri and Eliasmith, ICML 2021
    (arXiv 2102.11417), whose parallel form this is.

    Args:
        in_features: inputs.
        size: N outputs.
        order: q, numbers per memory.
        theta: length of the window in steps.
        memories: d.
        activation: f of both, a function of tensors.
        discretization, learn, over_resolved, backend: those of :class:`LegendreMemory`.

    Returns:
        Called with x [T, B, in_features] and a state: h [T, B, N] and a
        :class:`LegendreMemoryState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> layer = LMU(3, 5, order=4, theta=16.0)
    >>> h, state = layer(torch.rand(20, 2, 3))
    >>> h.shape, state.m.shape
    (torch.Size([20, 2, 5]), torch.Size([2, 1, 4]))
    """

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        order: int,
        theta: float,
        memories: int = 1,
        activation: Function = F.relu,
        discretization: str = "zoh",
        learn: Collection[str] | str = (),
        over_resolved: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.in_features, self.size, memories = _checks.counts(
            self, in_features=in_features, size=size, memories=memories
        )
        self.memory = LegendreMemory(
            memories,
            order=order,
            theta=theta,
            discretization=discretization,
            learn=learn,
            over_resolved=over_resolved,
            backend=backend,
        )
        self.activation = activation
        self.hear = nn.Linear(self.in_features, memories)
        self.tell = nn.Linear(memories * self.memory.order + self.in_features, self.size)

    def init(self, x: Tensor) -> LegendreMemoryState:
        """Return empty memories for inputs like ``x`` [B, in_features]."""
        return self.memory.init(x)

    def forward(
        self, x: Tensor, state: LegendreMemoryState | None = None
    ) -> tuple[Tensor, LegendreMemoryState]:
        """Run the units over ``x`` [T, B, in_features]."""
        dtype = self.tell.weight.dtype
        if not _checks.fits(x, (self.in_features,), dtype):
            x = _checks.own_type(x, dtype)
            _checks.sequence(self, x, (self.in_features,), dtype)
        with _checks.in_own_type(x):
            m, state = self.memory(self.activation(self.hear(x)), state)
            h = self.activation(self.tell(torch.cat((m, x), dim=-1)))
        return h, state

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{self.in_features}, {self.size}"
