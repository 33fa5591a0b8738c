"""Leaky integrate-and-fire neurons whose threshold rises with every spike."""

from collections.abc import Collection
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from axonal.neuro.layers._neuron import (
    LoopNeuron,
    Size,
    Values,
    decay_of,
    finite_positive,
    steps_of,
)
from axonal.neuro.layers._shown import shown
from axonal.neuro.ops.neuron_loop import Feedback, Parameters, State, neuron_loop
from axonal.neuro.surrogates._own import Derivative


class ALIFState(NamedTuple):
    """State of :class:`ALIF`.

    Attributes:
        v: potential after the reset [B, N].
        a: adaptation, a running mean of the spikes, 0 to 1 [B, N].
        wait: refractory steps left [B, N] of int32; ``None`` for a neuron without refractory steps.
    """

    v: Tensor
    a: Tensor
    wait: Tensor | None


class ALIF(LoopNeuron):
    """Adaptive leaky integrate-and-fire neurons: each spike raises the threshold for a while.

        h = d v + x    (``decay_input=True``: h = d v + (1 - d) x)
        A = threshold + beta a
        s = [h >= A],  v = h - A s    (``reset="zero"``: v = h (1 - s))
        a = rho a + (1 - rho) s

    with rho the decay of ``tau_adaptation``, exp(-1 / tau) or 1 - 1 / tau like d. The gradient
    passes through a whether or not the reset is detached.

    Source: Bellec et al., NeurIPS 2018 (arXiv 1803.09574). Where a grows by s instead, beta here
    is theirs / (1 - rho).

    Args:
        size: N neurons, or (C, H, W).
        tau: membrane time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one per
            neuron.
        tau_adaptation: time constant of the adaptation in steps, likewise.
        beta: rise of the threshold of a neuron that fires at every step, > 0, a scalar or one
            per neuron.
        threshold: threshold at rest, > 0, a scalar or one per neuron.
        decay: ``"exp"`` or ``"euler"``, for both.
        decay_input: scale the input by 1 - d.
        reset: ``"subtract"`` (the threshold in force) or ``"zero"``.
        detach_reset: let no gradient through the reset.
        refractory: steps of silence after a spike, >= 0.
        surrogate: the surrogate derivative, at h - A.
        learn: any of ``"tau"``, ``"tau_adaptation"``, ``"threshold"``; each gets one value per
            neuron.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and an :class:`ALIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> alif = ALIF(1, tau=2.0, tau_adaptation=2.0, beta=4.0, decay="euler", reset="zero")
    >>> spikes, state = alif(torch.full((4, 1, 1), 1.2))
    >>> spikes.flatten(), state.a.flatten()
    (tensor([1., 0., 0., 1.]), tensor([0.5625]))
    """

    beta: Tensor
    decay_adaptation: Tensor = decay_of(
        "tau_adaptation",
        "The factor rho by which the adaptation shrinks per step; a scalar or one per neuron.",
    )
    tau_adaptation: Tensor = steps_of(
        "decay_adaptation",
        "The time constant of the adaptation in steps, from the present decay.",
    )
    _learnable: ClassVar[tuple[str, ...]] = ("tau", "tau_adaptation", "threshold")

    def __init__(
        self,
        size: Size,
        tau: Values = 20.0,
        tau_adaptation: Values = 200.0,
        *,
        beta: Values = 1.8,
        threshold: Values = 1.0,
        decay: str = "exp",
        decay_input: bool = False,
        reset: str = "subtract",
        detach_reset: bool = True,
        refractory: int = 0,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
    ) -> None:
        super().__init__(
            size, tau, threshold=threshold, decay=decay, decay_input=decay_input, reset=reset,
            detach_reset=detach_reset, refractory=refractory, surrogate=surrogate, learn=learn,
        )  # fmt: skip
        self._hold_decay("tau_adaptation", tau_adaptation)
        self.register_buffer("beta", finite_positive(self, "beta", beta, self.size))

    def init(self, x: Tensor) -> ALIFState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return ALIFState(torch.zeros_like(x), torch.zeros_like(x), self._waiting(x))

    def _run(self, x: Tensor, state: ALIFState, decay: Tensor) -> tuple[Tensor, ALIFState]:
        return self.in_loop(x, state, decay, None)

    def in_loop(
        self, x: Tensor, state: ALIFState, decay: Tensor, feedback: Feedback | None
    ) -> tuple[Tensor, ALIFState]:
        """Run with the loops that all neurons share, see ``neuro.ops.neuron_loop``."""
        spikes, after = neuron_loop(
            x, State(*state), Parameters(decay, self.threshold, self.decay_adaptation, self.beta),
            self.convention, kind="alif", feedback=feedback,
        )  # fmt: skip
        return spikes, ALIFState(*after)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        adaptation, beta = shown(self.tau_adaptation), shown(self.beta)
        return f"{super().extra_repr()}, tau_adaptation={adaptation}, beta={beta}"
