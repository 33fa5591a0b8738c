"""Event-driven neurons on a grid of steps, with the gradient of their spike times."""

from torch import Tensor

from axonal.neuro.events import Events
from axonal.neuro.ops import _dispatch, _tangents
from axonal.neuro.ops.eventprop_lif import _arguments, _op, reference
from axonal.neuro.ops.eventprop_lif._tensors import Decays, Synapses

__all__ = ["eventprop_lif", "eventprop_readout"]


def eventprop_lif(
    events: Events,
    weight: Tensor,
    delay: Tensor,
    *,
    tau: Tensor | float | None = None,
    tau_synapse: Tensor | float | None = None,
    threshold: Tensor | float = 1.0,
    refractory: Tensor | float = 0,
    feedback_weight: Tensor | None = None,
    feedback_delay: Tensor | None = None,
    decay: Tensor | float | None = None,
    decay_synapse: Tensor | float | None = None,
    limit: int | None = None,
    backend: str = "auto",
) -> Events:
    """Run current-based neurons on lists of spikes, with the exact adjoint of their spike times.

    Forward, step by step, the dynamics of ``CuBaLIF(decay_input=True)`` behind a
    ``DelayedLinear`` in evaluation mode, whose spikes these are:

        i = a i + sum of w over the arrivals of the step
        h = d v + (1 - d) i
        spike at h >= threshold,  v = h, or 0 at a spike

    with a = exp(-1 / tau_synapse) and d = exp(-1 / tau). A spike at time t arrives in step
    floor(t) + round(delay); on the loop, the spike of step k in step
    k + 1 + round(feedback_delay - 1), as around a ``Recurrent``. A neuron that fired holds v at 0
    for ``refractory`` steps, while i goes on. The spike of step k has time k.

    This is a time step of tau_m V' = -V + I, tau_s I' = -I with I rising by w at an arrival, V
    being set to 0 at the threshold, in units of a step. Backward, the costates p_V = dL/dv and
    p_I = dL/di of that system run through the same grid:

        p_V = d p_V,  p_I = a p_I + (1 - d) p_V                              (backwards in time)
        p_V = (I+ p_V+ - tau_m S) / (I - threshold)                          (at an own spike)
        dL/dw = sum of p_I,  dL/d delay = sum of w (p_I / tau_s - p_V / tau_m)  (at arrivals)
        dL/d threshold = - sum of p_V,  dL/d refractory = - sum of I+ p_V+ / tau_m  (at own spikes)

    with I the current at the spike and I+ that at the end of the refractory steps, p_V+ the costate
    then, and S the gradient of the time of the spike, from later layers and around the loop. So
    gradients approach those of the continuous system, in proportion to the step; they are not
    derivatives of the grid's own spike times, which are whole and change in jumps. Spikes that come
    into being or vanish have no part in them. The gradient of a delay passes straight through its
    rounding.

    Forward costs a sum per spike and synapse, backward two or three, whatever the delays; kept for
    it are the spikes and two currents at each.

    Source: Wunderlich and Pehle, Scientific Reports 11, 2021; delays: Meszaros et al., 2025 (arXiv
    2501.07331).

    Args:
        events: spikes of I sources; a gradient reaches their times.
        weight: [N, I].
        delay: in steps [N, I], >= 0.
        tau: membrane time constant in steps, > 0 and finite, a scalar or one per neuron.
        tau_synapse: that of the synaptic current, likewise.
        threshold: > 0, a scalar or one per neuron.
        refractory: in steps, >= 0, rounded, a scalar or one per neuron.
        feedback_weight: [N, N], the row of a neuron its inputs.
        feedback_delay: the whole delay of the loop in steps [N, N], >= 1.
        decay: d in place of tau, for the very numbers of a layer.
        decay_synapse: a in place of tau_synapse, likewise.
        limit: most spikes of a sample; without it one per neuron and step.
        backend: ``"auto"``, ``"reference"`` (dense, in plain torch), ``"cpu"`` (compiled loops) or
            ``"cuda"`` (kernels of single and double precision, with arrays over all steps while
            they run; compiled and checked as C++, not yet run on a GPU).

    Returns:
        events of N neurons in the type of weight, with the duration of the given ones.

    Raises:
        TypeError: for anything but events.
        ValueError: for shapes that do not fit, parameters out of range, events out of order or out
            of range, more than ``limit`` spikes, and back ends that cannot run these tensors.

    >>> import torch
    >>> weight = torch.tensor([[9.0]], requires_grad=True)
    >>> spikes = eventprop_lif(
    ...     Events.of([[0.0]], [[0]], size=1, duration=9), weight, torch.tensor([[2.0]]),
    ...     tau=4.0, tau_synapse=2.0,
    ... )
    >>> spikes.times.tolist()
    [[2.0, 3.0, 5.0]]
    >>> spikes.times[0, 0].backward()  # a larger weight fires earlier
    >>> weight.grad
    tensor([[-0.1106]])
    """
    name = "eventprop_lif"
    _tangents.refuse_vmap(name, weight, delay)
    trains, steps = _arguments.events_of(name, events, weight)
    synapses = _arguments.synapses_of(name, weight, delay)
    decays = Decays(
        _arguments.decay_row(name, "tau", tau, decay, weight),
        _arguments.decay_row(name, "tau_synapse", tau_synapse, decay_synapse, weight),
    )
    firing = _arguments.firing_of(name, threshold, refractory, weight)
    if (feedback_weight is None) != (feedback_delay is None):
        raise ValueError(f"{name} expects feedback_weight and feedback_delay, got one of the two.")
    feedback = Synapses(weight.new_empty(0, 0), weight.new_empty(0, 0))
    if feedback_weight is not None and feedback_delay is not None:
        feedback = _arguments.synapses_of(name, feedback_weight, feedback_delay, 1)
    most = _arguments.limit_of(name, limit, steps, len(weight))
    given = trains.times, *synapses, *decays, *firing, *feedback
    _refuse_transforms(name, *given)
    compiled = _dispatch.use_compiled(
        name, backend, *given, cuda=weight.dtype in _dispatch.COMPILED
    )
    run = _op.eventprop_lif if compiled else reference.eventprop_lif
    fired = run(trains, synapses, decays, firing, feedback, steps, most)
    return Events(*fired, len(weight), events.duration)


def eventprop_readout(
    events: Events,
    weight: Tensor,
    delay: Tensor,
    *,
    tau: Tensor | float | None = None,
    tau_synapse: Tensor | float | None = None,
    decay: Tensor | float | None = None,
    decay_synapse: Tensor | float | None = None,
    backend: str = "auto",
) -> Tensor:
    """Integrate lists of spikes in units that never fire, for a loss on their potentials.

        i = a i + sum of w over the arrivals of the step,  v = d v + (1 - d) i

    as :func:`eventprop_lif` says. Any function of v may follow: its gradient drives p_V at every
    step. A maximum over steps takes its time for given, though: where an arrival cuts a rising
    potential the maximum moves with it, and gradients of delays and times lack that part.

    Args:
        events: spikes of I sources; a gradient reaches their times.
        weight: [N, I].
        delay: in steps [N, I], >= 0.
        tau: membrane time constant in steps, > 0 and finite, a scalar or one per unit.
        tau_synapse: that of the synaptic current, likewise.
        decay: d in place of tau.
        decay_synapse: a in place of tau_synapse.
        backend: of :func:`eventprop_lif`.

    Returns:
        v after every step [T, B, N], with T the whole steps of the duration.

    Raises:
        TypeError: for anything but events.
        ValueError: as :func:`eventprop_lif` does.

    >>> import torch
    >>> events = Events.of([[0.0]], [[0]], size=1, duration=3)
    >>> one = torch.ones(1, 1)
    >>> eventprop_readout(events, one, one, decay=0.5, decay_synapse=0.5).flatten()
    tensor([0.0000, 0.5000, 0.5000])
    """
    name = "eventprop_readout"
    _tangents.refuse_vmap(name, weight, delay)
    trains, steps = _arguments.events_of(name, events, weight)
    synapses = _arguments.synapses_of(name, weight, delay)
    decays = Decays(
        _arguments.decay_row(name, "tau", tau, decay, weight),
        _arguments.decay_row(name, "tau_synapse", tau_synapse, decay_synapse, weight),
    )
    given = trains.times, *synapses, *decays
    _refuse_transforms(name, *given)
    compiled = _dispatch.use_compiled(
        name, backend, *given, cuda=weight.dtype in _dispatch.COMPILED
    )
    run = _op.eventprop_readout if compiled else reference.eventprop_readout
    return run(trains, synapses, decays, steps)


def _refuse_transforms(name: str, *given: Tensor) -> None:
    """Refuse derivatives other than that by autograd, which no back end has."""
    if _tangents.transformed(*given):
        raise ValueError(
            f"{name} has no forward-mode derivative, nor one by torch.func, because its adjoint is "
            "not the derivative of whole steps: call backward() or torch.autograd.grad."
        )
