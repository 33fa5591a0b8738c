"""Potentials of leaky readouts, read with exact gradients."""

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.event_driven._engines import (
    as_events,
    check_integrator,
    check_sizes,
    check_synapses,
    known_engine,
    time_constant,
)
from axonal.neuro.event_driven._synapses import synapses_of
from axonal.neuro.events import Events
from axonal.neuro.layers import DelayedLinear, LeakyIntegrator, Linear
from axonal.neuro.losses import max_over_time, mean_over_time
from axonal.neuro.ops.eventprop_lif import eventprop_readout
from axonal.neuro.ops.exact_lif import exact_lif

READINGS = ("mean", "sum-exp", "max", "end", "potential")


class EventReadout(nn.Module):
    """Leaky integrators over events, each read as one number per sample.

    V follows tau_m V' = -V + I, tau_s I' = -I without a threshold, and is read as

        mean     z = 1/T int V dt
        sum-exp  z = 1/T int e^(-t/T) V dt
        max      z = max_t V,  0 at least
        end      z = V(T)

    The engines that run step by step can return V itself instead, ``"potential"``, for any loss.

    Parameters are those of the layers, ``potential(current(synapses(x)))`` step by step.

    Source: the readouts of Nowotny, Turner and Knight, arXiv 2212.01232 (sum-exp is their loss
    shaping).

    Args:
        synapses: connections without bias.
        current: ``LeakyIntegrator(C, tau_s)``.
        potential: ``LeakyIntegrator(C, tau_m, decay_input=True)``.
        reading: ``"mean"``, ``"sum-exp"``, ``"max"``, ``"end"`` or ``"potential"``.
        engine: of :class:`EventLIF`.

    Returns:
        Called with :class:`Events`, or whole numbers of spikes [T, B, N]: z [B, C], or
        V [T, B, C] for ``"potential"``.

    Raises:
        TypeError: for layers of other kinds.
        ValueError: for layers whose equation is another, and inputs that do not fit.

    >>> import torch
    >>> from axonal import neuro
    >>> readout = neuro.EventReadout(
    ...     neuro.Linear(2, 3, bias=False),
    ...     neuro.LeakyIntegrator(3, tau=5.0),
    ...     neuro.LeakyIntegrator(3, tau=10.0, decay_input=True),
    ... )
    >>> readout(neuro.Events.of([[1.0], [2.5]], [[0], [1]], size=2, duration=20)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        synapses: DelayedLinear | Linear,
        current: LeakyIntegrator,
        potential: LeakyIntegrator,
        *,
        reading: str = "mean",
        engine: str = "exact",
    ) -> None:
        super().__init__()
        who = _checks.name_of(self)
        check_synapses(who, synapses)
        check_integrator(who, current, decay_input=False)
        check_integrator(who, potential, decay_input=True)
        check_sizes(who, synapses, current, potential)
        if reading not in READINGS:
            raise ValueError(f"{who} knows the readings {', '.join(READINGS)}; got {reading!r}.")
        self.synapses, self.current, self.potential = synapses, current, potential
        self.reading, self.engine = reading, known_engine(who, engine)

    # the number of spikes is known when they are there: compilers run this as it is
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(self, x: Events | Tensor) -> Tensor:
        """Read the potentials over events, or over spikes [T, B, N]."""
        who = _checks.name_of(self)
        if self.engine == "surrogate":
            dense = x if isinstance(x, Tensor) else as_events(who, x).to_dense()
            return self._read(self._surrogate(dense))
        events = as_events(who, x, self.synapses.weight)
        weight, delay = synapses_of(self.synapses)
        decay, decay_synapse = self.potential.decay, self.current.decay
        if self.engine == "eventprop":
            return self._read(
                eventprop_readout(events, weight, delay, decay=decay, decay_synapse=decay_synapse)
            )
        if self.reading == "potential":
            raise ValueError(
                'EventReadout with engine="exact" has no potential at every step: read one of '
                f"{', '.join(READINGS[:-1])}."
            )
        _, z = exact_lif(
            events, weight, delay,
            tau=time_constant(self.potential), tau_synapse=time_constant(self.current),
            threshold=torch.inf, voltage=self.reading,
        )  # fmt: skip
        assert z is not None
        return z

    def _surrogate(self, x: Tensor) -> Tensor:
        current = self.synapses(x)
        current = current[0] if isinstance(self.synapses, DelayedLinear) else current
        v: Tensor = self.potential(self.current(current)[0])[0]
        return v

    def _read(self, v: Tensor) -> Tensor:
        """Read potentials [T, B, C] step by step."""
        if self.reading == "potential":
            return v
        if self.reading == "mean":
            return mean_over_time(v)
        if self.reading == "max":
            return max_over_time(v).clamp_min(0)
        if self.reading == "end":
            return v[-1]
        steps = len(v)
        shares = torch.exp(-torch.arange(steps, dtype=v.dtype, device=v.device) / steps)
        return mean_over_time(v * shares.reshape(-1, 1, 1))

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f'reading="{self.reading}", engine="{self.engine}"'
