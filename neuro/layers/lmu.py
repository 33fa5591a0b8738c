"""The Legendre memory unit, whose linear memory lets it train in parallel over time."""

import math
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._neuron import known_backend
from axonal.neuro.layers._shown import changed
from axonal.neuro.ops.lmu import BACKENDS, lmu, matrices

Function = Callable[[Tensor], Tensor]


class LMUState(NamedTuple):
    """State of :class:`LMU`.

    Attributes:
        m: memories [B, d, q].
    """

    m: Tensor


class LMU(Layer[LMUState]):
    """Legendre memory units without recurrence but for their memories.

        u_t = f(W_u x_t + b_u)                  d scalars
        m_t = A m_{t-1} + B u_t                 the last theta steps of each as q numbers
        h_t = f(W_h [m_t; x_t] + b_h)           N outputs

    Training sees the whole sequence at once, a stream goes step by step; both are the same to
    rounding. A and B are those of :func:`axonal.neuro.ops.lmu.matrices`; they are not learned, but
    theta may be, as the logarithm of the length, one for all memories.

    Source: Voelker, Kajić and Eliasmith, NeurIPS 2019; Chilkuri and Eliasmith, ICML 2021
    (arXiv 2102.11417), whose parallel form this is.

    Args:
        in_features: inputs.
        size: N outputs.
        order: q, numbers per memory.
        theta: length of the window in steps, at least the order: a memory has no more to tell
            apart than steps.
        memories: d.
        discretization: ``"zoh"`` or ``"euler"``, which needs theta > 4 q.
        learn: ``"theta"`` to learn it.
        activation: f of both, a function of tensors.
        backend: of :func:`axonal.neuro.ops.lmu.lmu`.

    Returns:
        Called with x [T, B, in_features] and a state: h [T, B, N] and an :class:`LMUState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> layer = LMU(3, 5, order=4, theta=16.0)
    >>> h, state = layer(torch.rand(20, 2, 3))
    >>> h.shape, state.m.shape
    (torch.Size([20, 2, 5]), torch.Size([2, 1, 4]))
    """

    A: Tensor
    B: Tensor

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        order: int,
        theta: float,
        memories: int = 1,
        discretization: str = "zoh",
        learn: Collection[str] | str = (),
        activation: Function = F.relu,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.in_features, self.size, self.order, self.memories = _checks.counts(
            self, in_features=in_features, size=size, order=order, memories=memories
        )
        if not (math.isfinite(theta) and theta >= self.order):
            raise ValueError(
                f"LMU expects theta of at least the order {self.order}, got {theta:g}: a window of "
                f"{theta:g} steps holds no more than {max(int(theta), 0)} numbers; lower the order."
            )
        learn = (learn,) if isinstance(learn, str) else tuple(learn)
        if set(learn) - {"theta"}:
            raise ValueError(f"LMU can learn theta; got {', '.join(sorted(map(str, learn)))}.")
        self.discretization, self.learn, self.activation = discretization, learn, activation
        self.backend = known_backend(self, backend, BACKENDS)
        a, b = matrices(self.order, float(theta), discretization=discretization)
        if learn:
            self.log_theta = nn.Parameter(torch.tensor(math.log(theta)))
        else:
            self.register_buffer("theta_steps", torch.tensor(float(theta)))
            self.register_buffer("A", a)
            self.register_buffer("B", b)
        self.hear = nn.Linear(self.in_features, self.memories)
        self.tell = nn.Linear(self.memories * self.order + self.in_features, self.size)

    @property
    def theta(self) -> Tensor:
        """The length of the window in steps."""
        length: Tensor = self.log_theta.exp() if self.learn else self.theta_steps
        return length

    def init(self, x: Tensor) -> LMUState:
        """Return empty memories for inputs like ``x`` [B, in_features]."""
        return LMUState(x.new_zeros(len(x), self.memories, self.order))

    def forward(self, x: Tensor, state: LMUState | None = None) -> tuple[Tensor, LMUState]:
        """Run the units over ``x`` [T, B, in_features]."""
        dtype = self.tell.weight.dtype
        if not _checks.fits(x, (self.in_features,), dtype):
            x = _checks.own_type(x, dtype)
            _checks.sequence(self, x, (self.in_features,), dtype)
        with _checks.in_own_type(x):
            rest = self.init(x[0])
            state = rest if state is None else _checks.start(self, state, rest, x)
            a, b = self._matrices(dtype)
            m = lmu(self.activation(self.hear(x)), state.m, a, b, backend=self.backend)
            h = self.activation(self.tell(torch.cat((m.flatten(2), x), dim=-1)))
        _checks.finite(self, m[-1], "the memory")
        # a copy, so that the state neither keeps nor shares the memory of all steps
        return h, LMUState(m[-1].clone())

    def _matrices(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        if not self.learn:
            return self.A, self.B
        return matrices(self.order, self.theta, discretization=self.discretization, dtype=dtype)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        settings: dict[str, Any] = {
            name: getattr(self, name) for name in ("memories", "discretization", "learn", "backend")
        }
        always = f"{self.in_features}, {self.size}, order={self.order}, theta={self.theta.item():g}"
        return ", ".join((always, *changed(self, settings)))
