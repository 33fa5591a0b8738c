"""Rate units with a time constant each that feed each other."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._bounded import bounded
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._neuron import Values, known_backend, positive
from axonal.neuro.layers._shown import changed
from axonal.neuro.ops.leaky_rnn import leaky_rnn

NONLINEARITIES = ("outside", "inside")


class LeakyRNNState(NamedTuple):
    """State of :class:`LeakyRNN`: the rates ``h`` [B, N]."""

    h: Tensor


class LeakyRNN(Layer[LeakyRNNState]):
    """Leaky rate units that feed each other, each with a time constant of its own.

    With phi(u) = max(u, slope u), W without self-connections and x what reaches the units,

        h_t = phi((1 - 1/tau) h_{t-1} + (W h_{t-1} + x_t) / tau)  (``nonlinearity="outside"``)
        h_t = (1 - 1/tau) h_{t-1} + phi(W h_{t-1} + x_t) / tau  (``"inside"`` the leak)

    Both are in use: the paper below writes the second, its published code runs the first. Input
    weights and biases are a :class:`Linear` in front. A time constant of 1 makes a plain recurrent
    network without a leak. While it is learned a time constant cannot fall below 1; in the
    published code one that has come there gets no gradient any more, here it may rise again.

    Source: Khajehabdollahi et al., ICLR 2024 (arXiv 2309.12927).

    Args:
        size: N units.
        tau: initial time constants in steps, >= 1, a scalar or one per unit.
        nonlinearity: ``"outside"`` or ``"inside"``.
        slope: of phi below zero, >= 0.
        learn: ``"tau"`` to learn one time constant per unit, or ``()``.
        backend: of :func:`axonal.neuro.ops.leaky_rnn.leaky_rnn`.

    Attributes:
        weight: W [N, N], targets first; what is on its diagonal is not used.

    Returns:
        Called with x [T, B, N] and a state: h [T, B, N] and a :class:`LeakyRNNState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> layer = LeakyRNN(2, tau=2.0)
    >>> _ = torch.nn.init.zeros_(layer.weight)
    >>> h, state = layer(torch.ones(2, 1, 2))
    >>> h[:, 0, 0]
    tensor([0.5000, 0.7500], grad_fn=<SelectBackward0>)
    """

    def __init__(
        self,
        size: int,
        tau: Values = 1.5,
        *,
        nonlinearity: str = "outside",
        slope: float = 0.01,
        learn: Any = "tau",
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.size = _checks.count(self, "size", size)
        if nonlinearity not in NONLINEARITIES:
            raise ValueError(
                f'LeakyRNN expects nonlinearity "outside" or "inside", got {nonlinearity!r}.'
            )
        if not 0 <= slope < math.inf:
            raise ValueError(f"LeakyRNN expects a slope >= 0, got {slope!r}.")
        learned = (learn,) if isinstance(learn, str) else tuple(learn)
        if set(learned) - {"tau"}:
            raise ValueError(f'LeakyRNN can learn "tau", or () for nothing; got {learn!r}.')
        steps = positive(self, "tau", tau, (self.size,)).to(torch.get_default_dtype())
        if _checks.found(~(steps >= 1) | steps.isinf()):
            worst = steps.min().item() if (steps < 1).any() else math.inf
            raise ValueError(f"LeakyRNN expects finite tau >= 1 step, got {worst:g}.")
        self.nonlinearity, self.slope = nonlinearity, float(slope)
        self.backend = known_backend(self, backend, ("auto", "reference", "cpu"))
        bound = 1 / math.sqrt(self.size)
        self.weight = nn.Parameter(torch.empty(self.size, self.size).uniform_(-bound, bound))
        self.tau_parameter = nn.Parameter(
            steps.expand(self.size).contiguous(), requires_grad=bool(learned)
        )

    @property
    def tau(self) -> Tensor:
        """The time constants in steps [N], >= 1."""
        return 1 + bounded(self.tau_parameter - 1, math.inf)

    def init(self, x: Tensor) -> LeakyRNNState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return LeakyRNNState(torch.zeros_like(x))

    def forward(self, x: Tensor, state: LeakyRNNState | None = None) -> tuple[Tensor, Any]:
        """Run the units over ``x`` [T, B, N]."""
        x = _checks.own_type(x, self.weight.dtype)
        _checks.sequence(self, x, (self.size,), self.weight.dtype)
        rest = self.init(x[0])
        h = (rest if state is None else _checks.start(self, state, rest, x)).h
        others = self.weight - torch.diag(self.weight.diagonal())
        with _checks.in_own_type(x):
            rates = leaky_rnn(
                x, h, others, 1 / self.tau, slope=self.slope,
                inside=self.nonlinearity == "inside", backend=self.backend,
            )  # fmt: skip
        _checks.finite(self, rates[-1], "the rates")
        return rates, LeakyRNNState(rates[-1])

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        learns = "tau" if self.tau_parameter.requires_grad else ()
        settings = {
            "nonlinearity": self.nonlinearity,
            "slope": self.slope,
            "learn": learns,
            "backend": self.backend,
        }
        return ", ".join((str(self.size), *changed(self, settings)))
