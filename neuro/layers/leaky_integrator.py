"""Leaky integrators, the usual readout of a spiking network."""

from collections.abc import Collection
from typing import Any, NamedTuple

import torch
from torch import Tensor

from axonal.neuro import _checks
from axonal.neuro.layers._neuron import LeakyNeuron, Size, Values, known_backend
from axonal.neuro.ops._dispatch import sum_is_finite
from axonal.neuro.ops.leaky_integrator import leaky_integrator, one_step


class LeakyIntegratorState(NamedTuple):
    """State of :class:`LeakyIntegrator`: the potential ``v`` [B, N]."""

    v: Tensor


class LeakyIntegrator(LeakyNeuron):
    """Leaky integrators, neurons that never fire: the usual readout of a spiking network.

    v_t = d v_{t-1} + x_t, or d v_{t-1} + (1 - d) x_t with ``decay_input``; the output is v. The
    decay d is that of :class:`LIF`.

    Args:
        size: N units, or (C, H, W).
        tau: time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one per unit.
        decay: ``"exp"`` or ``"euler"``.
        decay_input: scale the input by 1 - d.
        learn: ``"tau"`` to learn one time constant per unit.
        backend: of :func:`axonal.neuro.ops.leaky_integrator.leaky`.

    Returns:
        Called with x [T, B, N] and a state: v [T, B, N] and a :class:`LeakyIntegratorState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> v, state = LeakyIntegrator(1, tau=2.0, decay="euler")(torch.ones(3, 1, 1))
    >>> v.flatten()
    tensor([1.0000, 1.5000, 1.7500])
    """

    def __init__(
        self,
        size: Size,
        tau: Values = 10.0,
        *,
        decay: str = "exp",
        decay_input: bool = False,
        learn: Collection[str] | str = (),
        backend: str = "auto",
    ) -> None:
        super().__init__(size, tau, decay, decay_input, learn)
        self.backend = known_backend(self, backend)

    def init(self, x: Tensor) -> LeakyIntegratorState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return LeakyIntegratorState(torch.zeros_like(x))

    def _run(
        self, x: Tensor, state: LeakyIntegratorState, decay: Tensor
    ) -> tuple[Tensor, LeakyIntegratorState]:
        potential = leaky_integrator(
            x, state.v, decay, decay_input=self.decay_input, backend=self.backend
        )
        return potential, LeakyIntegratorState(potential[-1])

    def _run_on(
        self, x: Tensor, state: LeakyIntegratorState, decay: Tensor
    ) -> tuple[Tensor, LeakyIntegratorState]:
        plain = type(self)._run is LeakyIntegrator._run
        if plain and self.backend == "auto" and one_step.fits_on(x):
            after = one_step.values(x, state.v, decay, self.decay_input)
            potential, v = torch.from_numpy(after), torch.from_numpy(after[0])
            if not sum_is_finite(after):
                _checks.finite(self, v, "the potential")
            return potential, LeakyIntegratorState(v)
        return super()._run_on(x, state, decay)

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {"backend": self.backend}
