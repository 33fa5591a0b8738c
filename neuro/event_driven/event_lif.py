"""Leaky integrate-and-fire neurons with exact gradients of spike times."""

import math
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.event_driven._engines import (
    as_events,
    check_neurons,
    check_sizes,
    check_synapses,
    known_engine,
    time_constant,
)
from axonal.neuro.event_driven._synapses import synapses_of
from axonal.neuro.events import Events
from axonal.neuro.layers import CuBaLIF, DelayedLinear, Linear
from axonal.neuro.network import Recurrent
from axonal.neuro.ops.eventprop_lif import eventprop_lif
from axonal.neuro.ops.exact_lif import exact_lif


class EventLIF(nn.Module):
    """Connections and neurons that run spike by spike, with exact gradients, or step by step.

    Between spikes, with time in steps and w, d, tau_m, tau_s, threshold those of the layers:

        tau_m V' = -V + I,   tau_s I' = -I,   I += w_ji at t_k + d_ji of every input spike k of i

    A neuron fires when V reaches the threshold, V becomes ``v_reset`` and stays there for
    ``t_ref``; I goes on. Parameters and their names are those of the layers given, which stay
    ordinary layers: ``neurons(synapses(x))`` runs, trains and exports as ever.

    Engines:

    * ``"exact"``: continuous time. Gradients are those of spike times (EventProp), exact for
      weights, delays, thresholds and time constants. Delays are real numbers.
    * ``"eventprop"``: the equations of :class:`CuBaLIF` step by step, whole delays, spikes equal to
      those of the surrogate in evaluation mode, with the adjoint of EventProp on that grid: an
      approximation of the exact gradient with an error of first order in the step.
    * ``"surrogate"``: ``neurons(synapses(x))``.

    A weight means the same in all three, because CuBaLIF adds (1 - d) i per step, which is
    I dt / tau_m as steps shrink. A spike of step t has the time t. A spike at t of a feedback
    arrives at t + 1 + d, as in :class:`Recurrent`.

    Source: Wunderlich and Pehle, Scientific Reports 2021; with delays Mészáros, Knight and Nowotny,
    arXiv 2501.07331.

    Args:
        synapses: connections without bias; a Linear has no delay.
        neurons: ``CuBaLIF(..., decay="exp", decay_input=True, reset="zero")``.
        feedback: connections from the neurons to themselves.
        engine: ``"exact"``, ``"eventprop"`` or ``"surrogate"``; an attribute that can be set.
        v_reset: V after a spike, below the threshold; other values than 0 run in the exact engine
            alone.
        t_ref: refractory time in steps; by default the refractory steps of the neurons. Other
            values run in the exact engine alone.
        learn: any of ``"v_reset"``, ``"t_ref"``: one value per neuron. Time constants and the
            threshold learn where the neurons say so.
        clip: largest norm that one sample's gradient of the weights may have, in the exact engine;
            the whole gradient of such a sample is shrunk. It is exact without.
        limit: most spikes of one sample; a network that runs away ends there with an error.

    Returns:
        Called with :class:`Events`, or whole numbers of spikes [T, B, N]: :class:`Events`, of the
        surrogate spikes [T, B, N].

    Raises:
        TypeError: for layers of other kinds.
        ValueError: for layers whose equation is another, settings that an engine does not have, and
            inputs that do not fit.

    >>> import torch
    >>> from axonal import neuro
    >>> layer = neuro.EventLIF(
    ...     neuro.DelayedLinear(1, 1, max_delay=4, delay=[[1.5]]),
    ...     neuro.CuBaLIF(1, tau=4.0, tau_synapse=2.0, decay_input=True),
    ... )
    >>> _ = torch.nn.init.constant_(layer.synapses.weight, 8.0)
    >>> spikes = layer(neuro.Events.of([[1.0]], [[0]], size=1, duration=10))
    >>> spikes.times.sum().backward()
    >>> round(spikes.times[0, 0].item(), 4), round(layer.synapses.position.grad.item(), 6)
    (3.1334, 2.0)
    """

    v_reset: Any
    t_ref: Any

    def __init__(
        self,
        synapses: DelayedLinear | Linear,
        neurons: CuBaLIF,
        feedback: DelayedLinear | Linear | None = None,
        *,
        engine: str = "exact",
        v_reset: float = 0.0,
        t_ref: float | None = None,
        learn: Collection[str] | str = (),
        clip: float = math.inf,
        limit: int = 100_000,
    ) -> None:
        super().__init__()
        who = _checks.name_of(self)
        check_synapses(who, synapses)
        check_neurons(who, neurons)
        if feedback is not None:
            check_synapses(who, feedback)
        check_sizes(who, synapses, neurons, feedback)
        self.synapses, self.neurons, self.feedback = synapses, neurons, feedback
        self.engine = known_engine(who, engine)
        self.limit = _checks.count(self, "limit", limit)
        if not clip > 0:
            raise ValueError(f"{who} expects clip > 0, got {clip!r}.")
        self.clip = clip
        self.learn = (learn,) if isinstance(learn, str) else tuple(learn)
        unknown = sorted(set(self.learn) - {"v_reset", "t_ref"})
        if unknown:
            raise ValueError(f"{who} can learn v_reset, t_ref; got {', '.join(unknown)}.")
        self._hold("v_reset", v_reset)
        self._hold("t_ref", float(neurons.refractory) if t_ref is None else t_ref)

    def _hold(self, name: str, value: float) -> None:
        """Hold a number, or a parameter of one value per neuron where it is learned."""
        least = 0.0 if name == "t_ref" else -math.inf
        if not math.isfinite(value) or value < least:
            bound = "finite number >= 0" if name == "t_ref" else "finite number"
            raise ValueError(f"{_checks.name_of(self)} expects {name} as a {bound}, got {value!r}.")
        if name in self.learn:
            own = torch.full(self.neurons.size, float(value))
            self.register_parameter(name, nn.Parameter(own))
        else:
            setattr(self, name, float(value))

    # the number of spikes is known when they are there: compilers run this as it is
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(self, x: Events | Tensor) -> Any:
        """Run the neurons over events, or over spikes [T, B, N]."""
        who = _checks.name_of(self)
        if self.engine == "surrogate":
            return self._surrogate(x if isinstance(x, Tensor) else as_events(who, x).to_dense())
        events = as_events(who, x, self.synapses.weight)
        weight, delay = synapses_of(self.synapses)
        back = synapses_of(self.feedback, added=1) if self.feedback is not None else None
        feedback = {} if back is None else {"feedback_weight": back[0], "feedback_delay": back[1]}
        neurons = self.neurons
        given: dict[str, Any] = {"threshold": neurons.threshold, "limit": self.limit, **feedback}
        if self.engine == "exact":
            spikes, _ = exact_lif(
                events, weight, delay,
                tau=time_constant(neurons), tau_synapse=time_constant(neurons, "tau_synapse"),
                v_reset=self.v_reset, refractory=self.t_ref, clip=self.clip, **given,
            )  # fmt: skip
            return spikes
        self._has_steps()
        if self.clip < math.inf:
            raise ValueError(
                f'{_checks.name_of(self)} with engine="eventprop" does not clip samples: leave out '
                "clip, and cut the gradient of a batch."
            )
        return eventprop_lif(
            events, weight, delay,
            decay=neurons.decay, decay_synapse=neurons.decay_synapse,
            refractory=neurons.refractory, **given,
        )  # fmt: skip

    def _surrogate(self, x: Tensor) -> Tensor:
        self._has_steps()
        current = self.synapses(x)
        current = current[0] if isinstance(self.synapses, DelayedLinear) else current
        body: nn.Module = self.neurons
        if self.feedback is not None:
            body = Recurrent(self.neurons, self.feedback)
        spikes: Tensor = body(current)[0]
        return spikes

    def _has_steps(self) -> None:
        """Refuse what only continuous time has."""
        zero = isinstance(self.v_reset, float) and self.v_reset == 0
        own = isinstance(self.t_ref, float) and self.t_ref == self.neurons.refractory
        if not (zero and own):
            raise ValueError(
                f'{_checks.name_of(self)} with engine="{self.engine}" has v_reset = 0 and the '
                'refractory steps of its neurons: use engine="exact" for others.'
            )

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f'engine="{self.engine}"'
