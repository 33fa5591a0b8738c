"""Leaky integrate-and-fire neurons."""

from collections.abc import Collection
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from axonal.neuro import _checks
from axonal.neuro.layers._neuron import LoopNeuron, Size, Values, known_backend
from axonal.neuro.ops._dispatch import (
    BACKENDS,
    RESETS,
    WRITTEN_OUT,
    log_if_reference,
    sum_is_finite,
)
from axonal.neuro.ops.lif import lif, one_step
from axonal.neuro.ops.neuron_loop import Feedback, Parameters, State, neuron_loop
from axonal.neuro.surrogates._own import Derivative


class LIFState(NamedTuple):
    """State of :class:`LIF`.

    Attributes:
        v: potential after the reset [B, N]; before it, if the reset is delayed.
        wait: refractory steps left [B, N] of int32; ``None`` for a neuron without refractory steps.
    """

    v: Tensor
    wait: Tensor | None


class LIF(LoopNeuron):
    """Leaky integrate-and-fire neurons in every convention of the field.

    For every step, with h the potential before the reset and d the decay:

        h = d v + x    (``decay_input=True``: h = d v + (1 - d) x)
        s = [h >= threshold]
        v = h (1 - s)  (``reset="subtract"``: v = h - threshold s)

    (``reset="delayed"``: v = h, and the next h is lower by threshold s; ``"none"``: v = h)
    with d = exp(-1 / tau) (``decay="exp"``) or d = 1 - 1 / tau (``"euler"``). After a spike the
    neuron holds v, ignores its input and is silent for ``refractory`` steps. The backward pass
    replaces the derivative of s by the surrogate's.

    Published conventions: ``LIF(n, 1.005, decay="euler", surrogate=ATan(5))`` is the neuron of the
    learnable-delay networks (arXiv 2306.17670); ``LIF(n, 2, decay="euler", decay_input=True,
    surrogate=Sigmoid(4))`` that of LMUFormer (arXiv 2402.04882), and with ``ATan(2)`` and
    ``detach_reset=False`` that of SpikeGPT (arXiv 2302.13939); ``LIF(n, 20, decay_input=True,
    reset="subtract")`` has the membrane of HLOP (arXiv 2402.11984); ``reset="delayed"`` is the one
    of snnTorch (arXiv 2109.12894), which runs as written out, without compiled loops.

    Args:
        size: N neurons, or (C, H, W).
        tau: membrane time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one per
            neuron; infinity makes an integrate-and-fire neuron.
        threshold: > 0, a scalar or one per neuron.
        decay: ``"exp"`` or ``"euler"``.
        decay_input: scale the input by 1 - d.
        reset: ``"zero"``, ``"subtract"``, ``"delayed"`` or ``"none"``.
        detach_reset: let no gradient through the reset.
        refractory: steps of silence after a spike, >= 0; 0 with ``"delayed"``.
        surrogate: the surrogate derivative, or any function of u that returns ds/du.
        learn: any of ``"tau"``, ``"threshold"``; each gets one value per neuron.
        recompute: for the backward pass keep x instead of the potential, and compute that again.
        backend: of :func:`axonal.neuro.ops.lif.lif`.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and a :class:`LIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> lif = LIF(1, tau=2.0, decay="euler")
    >>> spikes, state = lif(torch.full((3, 1, 1), 0.7))
    >>> spikes.flatten(), state.v.flatten()
    (tensor([0., 1., 0.]), tensor([0.7000]))
    """

    _resets: ClassVar[tuple[str, ...]] = RESETS
    _backends: ClassVar[tuple[str, ...]] = BACKENDS

    def __init__(
        self,
        size: Size,
        tau: Values = 2.0,
        *,
        threshold: Values = 1.0,
        decay: str = "exp",
        decay_input: bool = False,
        reset: str = "zero",
        detach_reset: bool = True,
        refractory: int = 0,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
        recompute: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__(
            size, tau, threshold=threshold, decay=decay, decay_input=decay_input, reset=reset,
            detach_reset=detach_reset, refractory=refractory, surrogate=surrogate, learn=learn,
        )  # fmt: skip
        self.recompute, self.backend = recompute, known_backend(self, backend, self._backends)
        log_if_reference(type(self).__name__, self.surrogate, backend)

    def init(self, x: Tensor) -> LIFState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return LIFState(torch.zeros_like(x), self._waiting(x))

    def _run(self, x: Tensor, state: LIFState, decay: Tensor) -> tuple[Tensor, LIFState]:
        if self.reset in WRITTEN_OUT:
            return self.in_loop(x, state, decay, None)
        spikes, v, wait = lif(
            x, state.v, state.wait, decay, self.threshold, self.convention,
            recompute=self.recompute, backend=self.backend,
        )  # fmt: skip
        return spikes, LIFState(v, wait)

    def _run_on(self, x: Tensor, state: LIFState, decay: Tensor) -> tuple[Tensor, LIFState]:
        kind = type(self)
        as_written = kind._run is LIF._run and kind.convention is LIF.convention
        if as_written and self.backend == "auto" and one_step.knows(self.reset, self.refractory):
            threshold = self.threshold
            if one_step.fits_on(x, threshold):
                s, after = one_step.values(
                    x, state.v, decay, threshold, self.decay_input, self.reset
                )
                v = torch.from_numpy(after)
                if not sum_is_finite(after):
                    _checks.finite(self, v, "the potential")
                return torch.from_numpy(s), LIFState(v, None)
        return super()._run_on(x, state, decay)

    def in_loop(
        self, x: Tensor, state: LIFState, decay: Tensor, feedback: Feedback | None
    ) -> tuple[Tensor, LIFState]:
        """Run with the loops that all neurons share, see ``neuro.ops.neuron_loop``."""
        unused = torch.zeros_like(self.threshold)
        spikes, after = neuron_loop(
            x, State(state.v, state.v.detach(), state.wait),
            Parameters(decay, self.threshold, unused, unused), self.convention,
            kind="lif", feedback=feedback, backend=self.backend,
        )  # fmt: skip
        return spikes, LIFState(after.v, after.wait)

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {"recompute": self.recompute, "backend": self.backend}
