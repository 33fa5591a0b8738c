"""Resonate-and-fire neurons: damped oscillators that fire."""

import math
from collections.abc import Collection
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._neuron import Size, SpikingNeuron, Values, positive
from axonal.neuro.layers._shown import shown
from axonal.neuro.surrogates._own import Derivative
from axonal.neuro.surrogates._surrogate import operator_form, spike


class ResonateAndFireState(NamedTuple):
    """State of :class:`ResonateAndFire`.

    Attributes:
        u: the current-like real part of the oscillator after the reset [B, N].
        v: the voltage-like imaginary part after the reset [B, N].
    """

    u: Tensor
    v: Tensor


class ResonateAndFire(SpikingNeuron):
    """Resonate-and-fire neurons, which prefer inputs in step with their own oscillation.

    With z = u + i v, the solution over one step of dz/dt = (-1 / tau + i omega) z and a pulse x:

        z = exp(-1 / tau + i omega) z + x,    omega = 2 pi / period
        s = [v >= threshold],  then z = i threshold where s  (``reset="zero"``: z = 0)

    The backward pass replaces the derivative of s by the surrogate's.

    Source: Izhikevich, Neural Networks 14 (2001) 883-894, with b = -1 / tau.

    Args:
        size: N neurons, or (C, H, W).
        tau: time constant of the damping in steps, > 0, a scalar or one per neuron.
        period: steps of one oscillation, > 2, a scalar or one per neuron.
        threshold: > 0, a scalar or one per neuron.
        reset: ``"threshold"`` (z = i threshold, the published one) or ``"zero"``.
        detach_reset: let no gradient through the reset.
        surrogate: the surrogate derivative, or any function of u that returns ds/du.
        learn: any of ``"tau"``, ``"period"``, ``"threshold"``; each gets one value per neuron.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and a
        :class:`ResonateAndFireState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> neuron = ResonateAndFire(1, tau=20.0, period=8.0)
    >>> in_step, against = torch.zeros(2, 12, 1, 1)
    >>> in_step[[0, 8]], against[[0, 4]] = 0.8, 0.8
    >>> neuron(in_step)[0].sum(), neuron(against)[0].sum()
    (tensor(1.), tensor(0.))
    """

    omega_factor: Tensor
    _learnable: ClassVar[tuple[str, ...]] = ("tau", "period", "threshold")
    _resets: ClassVar[tuple[str, ...]] = ("threshold", "zero")

    def __init__(
        self,
        size: Size,
        tau: Values = 20.0,
        period: Values = 10.0,
        *,
        threshold: Values = 1.0,
        reset: str = "threshold",
        detach_reset: bool = True,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
    ) -> None:
        super().__init__(
            size, tau, threshold=threshold, decay="exp", decay_input=False, reset=reset,
            detach_reset=detach_reset, refractory=0, surrogate=surrogate, learn=learn,
        )  # fmt: skip
        steps = positive(self, "period", period, self.size)
        if _checks.found(~((steps > 2) & torch.isfinite(steps))):
            raise ValueError(
                "ResonateAndFire expects a finite period > 2 steps (a faster oscillation looks like"
                f" a slower one), got {steps.min().item():g} to {steps.max().item():g}."
            )
        share, dtype = 2 / steps, torch.get_default_dtype()  # of half a turn per step
        logit, omega = share.expand(self.size).logit().to(dtype), (math.pi * share).to(dtype)
        present = torch.sigmoid(logit) if "period" in self.learn else omega / math.pi
        if _checks.found(~((present > 0) & (present < 1))):
            raise ValueError(
                f"ResonateAndFire: period = {shown(steps)} is an angle of 0 or pi per step in "
                f"{_checks.short(dtype)}: choose one that is shorter, or farther from 2."
            )
        if "period" in self.learn:
            self.omega_logit = nn.Parameter(logit.contiguous())
        else:
            self.register_buffer("omega_factor", omega)

    @property
    def omega(self) -> Tensor:
        """The angle turned per step in radians, in (0, pi); a scalar or one per neuron."""
        if "period" in self.learn:
            return math.pi * torch.sigmoid(self.omega_logit)
        return self.omega_factor

    @property
    def period(self) -> Tensor:
        """Steps of one oscillation, from the present angle."""
        return 2 * math.pi / self.omega.detach()

    def init(self, x: Tensor) -> ResonateAndFireState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return ResonateAndFireState(torch.zeros_like(x), torch.zeros_like(x))

    def _run(
        self, x: Tensor, state: ResonateAndFireState, decay: Tensor
    ) -> tuple[Tensor, ResonateAndFireState]:
        _checks.unrolled(self, x)
        u, v = state
        threshold, omega = self.threshold, self.omega
        along, across = decay * torch.cos(omega), decay * torch.sin(omega)
        after = threshold if self.reset == "threshold" else torch.zeros_like(threshold)
        surrogate = operator_form(self.surrogate)
        spikes = []
        for x_t in x.unbind(0):
            u, v = along * u - across * v + x_t, across * u + along * v
            s = spike(v - threshold, *surrogate)
            r = s.detach() if self.detach_reset else s
            u, v = u * (1 - r), v * (1 - r) + after * r
            spikes.append(s)
        return torch.stack(spikes), ResonateAndFireState(u, v)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{super().extra_repr()}, period={shown(self.period)}"
