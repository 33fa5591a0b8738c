"""Adaptive exponential integrate-and-fire neurons."""

from collections.abc import Collection
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from axonal.neuro import _checks
from axonal.neuro.layers._neuron import (
    Size,
    SpikingNeuron,
    Values,
    decay_of,
    finite,
    finite_positive,
    steps_of,
)
from axonal.neuro.layers._shown import shown
from axonal.neuro.ops.leaky_integrator import leaky_integrator
from axonal.neuro.surrogates._own import Derivative
from axonal.neuro.surrogates._surrogate import operator_form, spike


def upswing(v: Tensor, threshold: Tensor, onset: Tensor, slope: Tensor) -> Tensor:
    """Return the exponential current at a potential, that at the threshold above it."""
    return slope * torch.exp((torch.minimum(v, threshold) - onset) / slope)


class AdExState(NamedTuple):
    """State of :class:`AdEx`.

    Attributes:
        i: synaptic current [B, N].
        v: potential after the reset [B, N].
        w: adaptation current [B, N].
    """

    i: Tensor
    v: Tensor
    w: Tensor


class AdEx(SpikingNeuron):
    """Adaptive exponential integrate-and-fire neurons, integrated in steps of Euler.

    With the potential counted from rest and D the slope factor:

        i = a i + x
        e = D exp((min(v, threshold) - onset) / D)
        h = d v + (1 - d) (i + e - w)
        w = rho w + (1 - rho) c v
        s = [h >= threshold],  v = h (1 - s) + v_reset s,  w = w + jump s

    with a the decay of ``tau_synapse``, rho that of ``tau_adaptation`` and c the ``subthreshold``
    coupling. The v on the right are those before the step. No potential lies above the threshold
    after a step; one that is given is taken for the threshold where it is exponentiated, so that
    no state makes infinity. The steps run as written out, in torch, and the current compiled.

    Source: Brette and Gerstner, J. Neurophysiol. 94 (2005), with currents in units of potential
    (divided by the leak conductance): onset is their V_T - E_L, threshold the potential at which
    they stop the upswing, subthreshold their a / g_L, jump their b / g_L.

    Args:
        size: N neurons, or (C, H, W).
        tau: membrane time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one per
            neuron.
        tau_synapse: synaptic time constant in steps, likewise.
        tau_adaptation: time constant of the adaptation in steps, likewise.
        subthreshold: coupling of the adaptation to the potential, a scalar or one per neuron.
        jump: rise of the adaptation by one spike, likewise.
        slope: slope factor D, > 0, likewise.
        onset: potential at which the upswing begins, likewise; ``None`` for the threshold.
        threshold: potential at which a spike is counted, > 0, likewise.
        v_reset: potential after a spike, below the threshold, likewise.
        decay: ``"exp"`` or ``"euler"``, for all three.
        detach_reset: let no gradient through the reset.
        surrogate: the surrogate derivative, at h - threshold.
        learn: any of ``"tau"``, ``"tau_synapse"``, ``"tau_adaptation"``, ``"threshold"``; each gets
            one value per neuron.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and an :class:`AdExState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> adex = AdEx(1, 4.0, 1.0, 20.0, jump=0.5, decay="euler")
    >>> spikes, state = adex(torch.full((12, 1, 1), 1.5))
    >>> spikes.flatten().nonzero().flatten()
    tensor([ 3, 10])
    """

    onset_level: Tensor | None
    subthreshold: Tensor
    jump: Tensor
    slope: Tensor
    v_reset: Tensor
    decay_synapse: Tensor = decay_of(
        "tau_synapse",
        "The factor by which the current shrinks per step; a scalar or one per neuron.",
    )
    tau_synapse: Tensor = steps_of(
        "decay_synapse", "The synaptic time constant in steps, from the present decay."
    )
    decay_adaptation: Tensor = decay_of(
        "tau_adaptation",
        "The factor rho by which the adaptation shrinks per step; a scalar or one per neuron.",
    )
    tau_adaptation: Tensor = steps_of(
        "decay_adaptation",
        "The time constant of the adaptation in steps, from the present decay.",
    )
    _learnable: ClassVar[tuple[str, ...]] = ("tau", "tau_synapse", "tau_adaptation", "threshold")

    def __init__(
        self,
        size: Size,
        tau: Values = 20.0,
        tau_synapse: Values = 5.0,
        tau_adaptation: Values = 100.0,
        *,
        subthreshold: Values = 0.0,
        jump: Values = 0.1,
        slope: Values = 0.2,
        onset: Values | None = None,
        threshold: Values = 1.0,
        v_reset: Values = 0.0,
        decay: str = "exp",
        detach_reset: bool = True,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
    ) -> None:
        super().__init__(
            size, tau, threshold=threshold, decay=decay, decay_input=True, reset="zero",
            detach_reset=detach_reset, refractory=0, surrogate=surrogate, learn=learn,
        )  # fmt: skip
        self._hold_decay("tau_synapse", tau_synapse)
        self._hold_decay("tau_adaptation", tau_adaptation)
        self.register_buffer("subthreshold", finite(self, "subthreshold", subthreshold, self.size))
        self.register_buffer("jump", finite(self, "jump", jump, self.size))
        self.register_buffer("slope", finite_positive(self, "slope", slope, self.size))
        given = None if onset is None else finite(self, "onset", onset, self.size)
        self.register_buffer("onset_level", given)
        self.register_buffer("v_reset", finite(self, "v_reset", v_reset, self.size))
        level = self.threshold.detach()
        if _checks.found(self.v_reset >= level):
            raise ValueError(
                f"AdEx expects v_reset below the threshold of {shown(level)}, got v_reset = "
                f"{shown(self.v_reset)}."
            )
        if _checks.found(~torch.isfinite(upswing(level, level, self.onset.detach(), self.slope))):
            raise ValueError(
                f"AdEx: slope exp((threshold - onset) / slope) is infinite in "
                f"{_checks.short(level.dtype)} with slope = {shown(self.slope)}: choose a larger "
                "slope, or a lower threshold."
            )

    @property
    def onset(self) -> Tensor:
        """The potential at which the upswing begins; a scalar or one per neuron."""
        return self.threshold if self.onset_level is None else self.onset_level

    def init(self, x: Tensor) -> AdExState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return AdExState(*(torch.zeros_like(x) for _ in range(3)))

    def _run(self, x: Tensor, state: AdExState, decay: Tensor) -> tuple[Tensor, AdExState]:
        _checks.unrolled(self, x)
        current = leaky_integrator(x, state.i, self.decay_synapse)
        threshold, onset, rho = self.threshold, self.onset, self.decay_adaptation
        surrogate = operator_form(self.surrogate)
        v, w, spikes = state.v, state.w, []
        for i in current.unbind(0):
            e = upswing(v, threshold, onset, self.slope)
            h = decay * v + (1 - decay) * (i + e - w)
            w = rho * w + (1 - rho) * (self.subthreshold * v)
            s = spike(h - threshold, *surrogate)
            r = s.detach() if self.detach_reset else s
            v, w = h * (1 - r) + self.v_reset * r, w + self.jump * s
            spikes.append(s)
        return torch.stack(spikes), AdExState(current[-1], v, w)

    def _settings(self) -> dict[str, Any]:
        names = ("subthreshold", "jump", "slope", "v_reset")
        own: dict[str, Any] = {name: getattr(self, name) for name in names}
        if self.onset_level is not None:
            own["onset"] = self.onset_level
        return super()._settings() | own

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        taus = f"tau_synapse={shown(self.tau_synapse)}, tau_adaptation={shown(self.tau_adaptation)}"
        return f"{super().extra_repr()}, {taus}"
