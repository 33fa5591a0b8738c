"""Running an event-driven network: checks, choice of the kernel, shards of the batch."""

import importlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float64Array
from axonal.neuro.ops.event_network._events import Events, EventState
from axonal.neuro.ops.event_network._network import EventNetwork


class EventRun(NamedTuple):
    """Result of a run.

    Args:
        sample: sample of each spike `[E]`, in rising order.
        step: step of each spike `[E]`, counted from the start of this run, rising in a sample.
        neuron: neuron of each spike `[E]`.
        payload: number carried by each spike of a graded neuron, in their order `[G]`.
        readout: membranes of the integrators after each step `[T, B, R]`.
        state: state to go on from.
        synaptic_events: events that went through a synapse, those of steady sources included.

    >>> EventRun._fields[:3]
    ('sample', 'step', 'neuron')
    """

    sample: npt.NDArray[np.int32]
    step: npt.NDArray[np.int32]
    neuron: npt.NDArray[np.int32]
    payload: Float64Array
    readout: Float64Array
    state: EventState
    synaptic_events: int


def simulate(
    network: EventNetwork,
    events: Events,
    *,
    samples: int,
    steps: int,
    state: EventState | None = None,
    backend: str = "auto",
) -> EventRun:
    """Run a network for T steps; the equations are those of `EventNetwork`.

    Args:
        network: the network.
        events: events of its outside sources.
        samples: B, at least 1.
        steps: T, at least 1.
        state: where to start; None is rest. It is not changed.
        backend: "cpu" (numba), "reference" (numpy) or "auto", which is "cpu".

    Returns:
        spikes, readout, state and the number of synaptic events.

    Raises:
        ValueError: the state belongs to another batch or network, an event names no outside
            source, or the back end is unknown.

    >>> from axonal.neuro.ops.event_network import Block, Kind
    >>> net = EventNetwork.build(decay=[0.5], gain=[1.0], bias=[1.0], threshold=[1.5],
    ...                          blocks=[Block(0, 1, Kind.LIF)], synapses=[])
    >>> simulate(net, Events.of([], [], samples=1, steps=6), samples=1, steps=6).step.tolist()
    [1, 3, 5]
    """
    modules = {"auto": "cpu", "cpu": "cpu", "reference": "reference"}
    if backend not in modules:
        raise ValueError(f"unknown back end {backend!r}: choose one of {', '.join(modules)}")
    _check(network, events, samples, steps)
    # Imported when first used: a machine that never runs the kernel does not need numba.
    advance = importlib.import_module(f"axonal.neuro.ops.event_network.{modules[backend]}").advance
    if state is None:
        state = network.rest(samples)
    else:
        _check_state(network, state, samples)
        arrays = (state.v.copy(), state.trace.copy(), state.wait.copy(), state.ring.copy())
        state = EventState(*arrays, state.step)
    blocks = np.array(network.blocks, dtype=np.int64).reshape(-1, 6)
    readout = np.zeros((samples, steps, network.columns))
    rings = state.ring.reshape(samples, network.depth * network.neurons)

    def part(first: int, last: int) -> EventRun:
        spikes = advance(
            state.step,
            state.v[first:last],
            state.trace[first:last],
            state.wait[first:last],
            rings[first:last],
            network.decay,
            network.gain,
            network.bias,
            network.threshold,
            network.trace_decay,
            network.coupling,
            network.extra,
            blocks,
            network.steady,
            network.indptr,
            network.target,
            network.weight,
            events.bounds[first * steps : last * steps + 1],
            events.source,
            events.value,
            readout[first:last],
        )
        sample, step, neuron, payload, count = spikes
        sample = sample + np.int32(first)
        return EventRun(sample, step, neuron, payload, readout, state, int(count))

    if backend == "reference":
        runs = [part(0, samples)]
    else:
        from axonal._base.threads import shards

        runs = shards(part, samples, state.v.nbytes + state.ring.nbytes)
    return EventRun(
        np.concatenate([run.sample for run in runs]),
        np.concatenate([run.step for run in runs]),
        np.concatenate([run.neuron for run in runs]),
        np.concatenate([run.payload for run in runs]),
        readout.swapaxes(0, 1),
        state._replace(step=state.step + steps),
        sum(run.synaptic_events for run in runs),
    )


def _check(network: EventNetwork, events: Events, samples: int, steps: int) -> None:
    if samples < 1 or steps < 1:
        raise ValueError(f"samples and steps must be at least 1, got {samples} and {steps}")
    bounds, source = events.bounds, events.source
    right = len(bounds) == samples * steps + 1 and len(source) == len(events.value)
    if not right or bounds[0] != 0 or bounds[-1] != len(source) or np.any(np.diff(bounds) < 0):
        raise ValueError(f"the events are not ordered for {samples} samples of {steps} steps")
    sources = len(network.indptr) - 1
    if source.size and not (network.neurons <= source.min() and source.max() < sources):
        raise ValueError(
            f"events must come from outside sources {network.neurons} .. {sources - 1}, "
            f"got {source.min()} .. {source.max()}"
        )


def _check_state(network: EventNetwork, state: EventState, samples: int) -> None:
    if len(state.v) != samples:
        raise ValueError(
            f"the state holds {len(state.v)} samples, the input {samples}: a state goes on with "
            "the batch it came from; for a new batch start with state=None"
        )
    shape = (samples, network.depth, network.neurons)
    flat = (samples, network.neurons)
    wanted = [flat, (samples, network.neurons + network.thirds), flat]
    flats = [x.shape for x in (state.v, state.trace, state.wait)]
    if state.ring.shape != shape or flats != wanted:
        raise ValueError(
            f"the state belongs to another network: it holds (samples, longest delay + 1, "
            f"neurons) = {state.ring.shape}, this one needs {shape}"
        )
