"""Current-based leaky integrate-and-fire neurons: synapses with a time constant of their own."""

from collections.abc import Collection
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from axonal.neuro.layers._neuron import (
    LoopNeuron,
    Size,
    Values,
    decay_of,
    known_backend,
    steps_of,
)
from axonal.neuro.layers._shown import shown
from axonal.neuro.ops._dispatch import RESETS, WRITTEN_OUT, log_if_reference
from axonal.neuro.ops.leaky_integrator import leaky_integrator
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.neuron_loop import Feedback, Parameters, State, neuron_loop
from axonal.neuro.surrogates._own import Derivative


class CuBaLIFState(NamedTuple):
    """State of :class:`CuBaLIF`.

    Attributes:
        i: synaptic current [B, N].
        v: potential after the reset [B, N]; before it, if the reset is delayed.
        wait: refractory steps left [B, N] of int32; ``None`` for a neuron without refractory steps.
    """

    i: Tensor
    v: Tensor
    wait: Tensor | None


class CuBaLIF(LoopNeuron):
    """Current-based leaky integrate-and-fire neurons, whose input decays before it is integrated.

        i = a i + x
        h = d v + i    (``decay_input=True``: h = d v + (1 - d) i)
        s = [h >= threshold],  v = h (1 - s)  (``reset="subtract"``: v = h - threshold s)

    with a the decay of ``tau_synapse`` and d that of ``tau``, both exp(-1 / tau) or 1 - 1 / tau.
    The input of a step reaches the potential within the step. A refractory neuron holds v; its
    current goes on. Runs on the operators of :class:`LIF` and :class:`LeakyIntegrator`.

    Source: the current-based neuron of Loihi, Davies et al., IEEE Micro 2018. In Zenke and Ganguli
    (arXiv 1705.11146) the current reaches the potential one step later: delay x by a step for that.

    Args:
        size: N neurons, or (C, H, W).
        tau: membrane time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one per
            neuron.
        tau_synapse: synaptic time constant in steps, likewise.
        threshold: > 0, a scalar or one per neuron.
        decay: ``"exp"`` or ``"euler"``, for both.
        decay_input: scale the current by 1 - d.
        reset: of :class:`LIF`; the current is never reset.
        detach_reset: let no gradient through the reset.
        refractory: steps of silence after a spike, >= 0.
        surrogate: the surrogate derivative, or any function of u that returns ds/du.
        learn: any of ``"tau"``, ``"tau_synapse"``, ``"threshold"``; each gets one value per neuron.
        backend: of the operators.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and a :class:`CuBaLIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> cuba = CuBaLIF(1, tau=2.0, tau_synapse=2.0, decay="euler")
    >>> spikes, state = cuba(torch.tensor([0.6, 0.0, 0.6]).reshape(3, 1, 1))
    >>> spikes.flatten(), state.i.flatten()
    (tensor([0., 0., 1.]), tensor([0.7500]))
    """

    decay_synapse: Tensor = decay_of(
        "tau_synapse",
        "The factor by which the current shrinks per step; a scalar or one per neuron.",
    )
    tau_synapse: Tensor = steps_of(
        "decay_synapse", "The synaptic time constant in steps, from the present decay."
    )
    _learnable: ClassVar[tuple[str, ...]] = ("tau", "tau_synapse", "threshold")
    _resets: ClassVar[tuple[str, ...]] = RESETS

    def __init__(
        self,
        size: Size,
        tau: Values = 10.0,
        tau_synapse: Values = 5.0,
        *,
        threshold: Values = 1.0,
        decay: str = "exp",
        decay_input: bool = False,
        reset: str = "zero",
        detach_reset: bool = True,
        refractory: int = 0,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
        backend: str = "auto",
    ) -> None:
        super().__init__(
            size, tau, threshold=threshold, decay=decay, decay_input=decay_input, reset=reset,
            detach_reset=detach_reset, refractory=refractory, surrogate=surrogate, learn=learn,
        )  # fmt: skip
        self._hold_decay("tau_synapse", tau_synapse)
        self.backend = known_backend(self, backend)
        log_if_reference(type(self).__name__, self.surrogate, backend)

    def init(self, x: Tensor) -> CuBaLIFState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return CuBaLIFState(torch.zeros_like(x), torch.zeros_like(x), self._waiting(x))

    def _run(self, x: Tensor, state: CuBaLIFState, decay: Tensor) -> tuple[Tensor, Any]:
        if self.reset in WRITTEN_OUT:
            return self.in_loop(x, state, decay, None)
        current = leaky_integrator(x, state.i, self.decay_synapse, backend=self.backend)
        spikes, v, wait = lif(
            current, state.v, state.wait, decay, self.threshold, self.convention,
            backend=self.backend,
        )  # fmt: skip
        return spikes, CuBaLIFState(current[-1], v, wait)

    def in_loop(
        self, x: Tensor, state: CuBaLIFState, decay: Tensor, feedback: Feedback | None
    ) -> tuple[Tensor, CuBaLIFState]:
        """Run with the loops that all neurons share, see ``neuro.ops.neuron_loop``."""
        synapse, unused = self.decay_synapse, torch.zeros_like(self.threshold)
        spikes, after = neuron_loop(
            x, State(state.v, state.i, state.wait),
            Parameters(decay, self.threshold, synapse, unused), self.convention,
            kind="cubalif", feedback=feedback, backend=self.backend,
        )  # fmt: skip
        return spikes, CuBaLIFState(after.a, after.v, after.wait)

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {"backend": self.backend}

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{super().extra_repr()}, tau_synapse={shown(self.tau_synapse)}"
