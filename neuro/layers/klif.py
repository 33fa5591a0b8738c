"""Leaky integrate-and-fire neurons that learn to scale their potential."""

from collections.abc import Collection
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro.layers._neuron import (
    LoopNeuron,
    Size,
    Values,
    finite_positive,
    known_backend,
)
from axonal.neuro.layers._shown import shown
from axonal.neuro.ops._dispatch import log_if_reference
from axonal.neuro.ops.neuron_loop import Feedback, Parameters, State, neuron_loop
from axonal.neuro.surrogates._own import Derivative


class KLIFState(NamedTuple):
    """State of :class:`KLIF`.

    Attributes:
        v: potential after the reset [B, N].
    """

    v: Tensor


class KLIF(LoopNeuron):
    """Leaky integrate-and-fire neurons whose potential is scaled and rectified before it fires.

        h = d v + x    (``decay_input=True``: h = d v + (1 - d) x)
        f = relu(k h),  s = [f >= threshold]
        v = f (1 - s)  (``reset="subtract"``: v = f - threshold s)

    (``scale_reset=True``: this v is divided by k). The factor k, learned with ``learn="k"``, sets
    the slope of the surrogate's derivative along h and how much of the potential is kept; it is
    learned as it stands, so that a large step of an optimiser can make it negative, whereupon
    negative potentials fire.

    Source: Jiang and Zhang 2023 (arXiv 2302.09238), where the neurons of a layer share one k; here
    each has its own.

    Args:
        size: N neurons, or (C, H, W).
        tau: membrane time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one per
            neuron.
        k: initial factor, finite and > 0, a scalar or one per neuron.
        threshold: > 0, a scalar or one per neuron.
        scale_reset: divide the potential by k after the reset.
        decay: ``"exp"`` or ``"euler"``.
        decay_input: scale the input by 1 - d.
        reset: ``"zero"`` or ``"subtract"``.
        detach_reset: let no gradient through the reset.
        surrogate: the surrogate derivative, at f - threshold.
        learn: any of ``"tau"``, ``"k"``, ``"threshold"``; each gets one value per neuron.
        backend: of :func:`axonal.neuro.ops.neuron_loop.neuron_loop`.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and a :class:`KLIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> klif = KLIF(1, tau=2.0, k=2.0, decay="euler", decay_input=True)
    >>> spikes, state = klif(torch.tensor([0.5, -2.0, 0.75, 0.75]).reshape(4, 1, 1))
    >>> spikes.flatten(), state.v.flatten()
    (tensor([0., 0., 0., 1.]), tensor([0.]))
    """

    k: Tensor
    _learnable: ClassVar[tuple[str, ...]] = ("tau", "k", "threshold")

    def __init__(
        self,
        size: Size,
        tau: Values = 2.0,
        k: Values = 1.0,
        *,
        threshold: Values = 1.0,
        scale_reset: bool = False,
        decay: str = "exp",
        decay_input: bool = False,
        reset: str = "zero",
        detach_reset: bool = True,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
        backend: str = "auto",
    ) -> None:
        super().__init__(
            size, tau, threshold=threshold, decay=decay, decay_input=decay_input, reset=reset,
            detach_reset=detach_reset, refractory=0, surrogate=surrogate, learn=learn,
        )  # fmt: skip
        factor = finite_positive(self, "k", k, self.size)
        if "k" in self.learn:
            self.k = nn.Parameter(factor.expand(self.size).clone())
        else:
            self.register_buffer("k", factor)
        self.scale_reset, self.backend = scale_reset, known_backend(self, backend)
        log_if_reference(type(self).__name__, self.surrogate, backend)

    def init(self, x: Tensor) -> KLIFState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return KLIFState(torch.zeros_like(x))

    def _run(self, x: Tensor, state: KLIFState, decay: Tensor) -> tuple[Tensor, KLIFState]:
        return self.in_loop(x, state, decay, None)

    def in_loop(
        self, x: Tensor, state: KLIFState, decay: Tensor, feedback: Feedback | None
    ) -> tuple[Tensor, KLIFState]:
        """Run with the loops that all neurons share, see ``neuro.ops.neuron_loop``."""
        spikes, after = neuron_loop(
            x, State(state.v, state.v.detach(), None),
            Parameters(decay, self.threshold, self.k, torch.zeros_like(self.threshold)),
            self.convention, kind="klif_back" if self.scale_reset else "klif", feedback=feedback,
            backend=self.backend,
        )  # fmt: skip
        return spikes, KLIFState(after.v)

    def _settings(self) -> dict[str, Any]:
        own = {"scale_reset": self.scale_reset, "backend": self.backend}
        return super()._settings() | own

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{super().extra_repr()}, k={shown(self.k)}"
