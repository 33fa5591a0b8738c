"""Legendre memories as a layer: the last steps of every input as a few numbers."""

import math
from collections.abc import Collection
from typing import NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._neuron import known_backend
from axonal.neuro.layers._shown import changed, shown
from axonal.neuro.ops.lmu import BACKENDS, lmu, matrices


class LegendreMemoryState(NamedTuple):
    """State of :class:`LegendreMemory`: memories [B, d, q]."""

    m: Tensor


class LegendreMemory(Layer[LegendreMemoryState]):
    """Memories of the last theta steps, ``m_t = A m_{t-1} + B u_t``, one for every input.

    Training sees the whole sequence at once, a stream goes step by step; both are the same to
    rounding. A and B are those of :func:`axonal.neuro.ops.lmu.matrices`; they are not learned, but
    theta may be, as the logarithm of the length, one for all memories.

    Source: Voelker, Kajić and Eliasmith, NeurIPS 2019.

    Args:
        inputs: d.
        order: q, numbers per memory.
        theta: length of the window in steps.
        discretization: ``"zoh"`` or ``"euler"``, which needs theta > 4 q.
        learn: ``"theta"`` to learn it.
        over_resolved: allow an order above theta, as published models have; such a memory holds
            more numbers than steps.
        backend: of :func:`axonal.neuro.ops.lmu.lmu`.

    Returns:
        Called with u [T, B, d] and a state: m [T, B, d q] and a :class:`LegendreMemoryState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> memory = LegendreMemory(2, order=4, theta=16.0)
    >>> m, state = memory(torch.rand(20, 3, 2))
    >>> m.shape, state.m.shape
    (torch.Size([20, 3, 8]), torch.Size([3, 2, 4]))
    """

    A: Tensor
    B: Tensor
    theta_steps: Tensor

    def __init__(
        self,
        inputs: int,
        *,
        order: int,
        theta: float,
        discretization: str = "zoh",
        learn: Collection[str] | str = (),
        over_resolved: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.inputs, self.order = _checks.counts(self, inputs=inputs, order=order)
        who = _checks.name_of(self)
        if not (math.isfinite(theta) and theta > 0):
            raise ValueError(f"{who} expects theta > 0 steps, got {theta!r}.")
        if theta < self.order and not over_resolved:
            raise ValueError(
                f"{who} expects theta of at least the order {self.order}, got {theta:g}: a window "
                f"of {theta:g} steps holds no more numbers than that. Lower the order, or write "
                "over_resolved=True."
            )
        learn = (learn,) if isinstance(learn, str) else tuple(learn)
        if set(learn) - {"theta"}:
            raise ValueError(f"{who} can learn theta; got {', '.join(sorted(map(str, learn)))}.")
        self.discretization, self.learn, self.over_resolved = discretization, learn, over_resolved
        self.backend = known_backend(self, backend, BACKENDS)
        a, b = matrices(self.order, float(theta), discretization=discretization)
        if learn:
            self.log_theta = nn.Parameter(torch.tensor(math.log(theta)))
        else:
            self.register_buffer("theta_steps", torch.tensor(float(theta)))
            self.register_buffer("A", a)
            self.register_buffer("B", b)

    @property
    def theta(self) -> Tensor:
        """The length of the window in steps."""
        length: Tensor = self.log_theta.exp() if self.learn else self.theta_steps
        return length

    def init(self, x: Tensor) -> LegendreMemoryState:
        """Return empty memories for inputs like ``x`` [B, d]."""
        return LegendreMemoryState(x.new_zeros(x.shape[0], self.inputs, self.order))

    def forward(
        self, x: Tensor, state: LegendreMemoryState | None = None
    ) -> tuple[Tensor, LegendreMemoryState]:
        """Run the memories over ``x`` [T, B, d]."""
        dtype = self.log_theta.dtype if self.learn else self.A.dtype
        if not _checks.fits(x, (self.inputs,), dtype):
            x = _checks.own_type(x, dtype)
            _checks.sequence(self, x, (self.inputs,), dtype)
        _checks.unrolled(self, x)
        with _checks.in_own_type(x):
            rest = self.init(x[0])
            state = rest if state is None else _checks.start(self, state, rest, x)
            m = lmu(x, state.m, *self._matrices(dtype), backend=self.backend)
        _checks.finite(self, m[-1], "the memory")
        # a copy, so that the state neither keeps nor shares the memory of all steps
        return m.flatten(2), LegendreMemoryState(m[-1].clone())

    def _matrices(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        if not self.learn:
            return self.A, self.B
        return matrices(self.order, self.theta, discretization=self.discretization, dtype=dtype)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        names = ("discretization", "learn", "over_resolved", "backend")
        settings = changed(self, {name: getattr(self, name) for name in names})
        always = f"{self.inputs}, order={self.order}, theta={shown(self.theta)}"
        return ", ".join((always, *settings))
