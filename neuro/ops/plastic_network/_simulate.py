"""Running a network that learns: checks, choice of the kernel, shards of the batch."""

import importlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int32Array, Int64Array
from axonal.neuro.ops.event_network import Events
from axonal.neuro.ops.plastic_network._network import PlasticNetwork
from axonal.neuro.ops.plastic_network._plasticity import Plasticity
from axonal.neuro.ops.plastic_network._state import PlasticState

Floats = npt.NDArray[np.floating[Any]]
_MODULES = {"auto": "cpu", "cpu": "cpu", "reference": "reference"}


class PlasticRun(NamedTuple):
    """Result of a run.

    Args:
        counts: spikes of each neuron, input neurons included `[B, N]`.
        sample: sample of each spike `[E]`, rising; nothing unless spikes were recorded.
        step: step of each spike `[E]`, counted from the start of this run, rising in a sample.
        neuron: neuron of each spike `[E]`.
        state: state to go on from.
        weight: weights at the end, in the order of the network: `[S]` where samples followed one
            another, `[B, S]` where each has its own, else None.

    >>> PlasticRun._fields[-2:]
    ('state', 'weight')
    """

    counts: Int64Array
    sample: Int32Array
    step: Int32Array
    neuron: Int32Array
    state: PlasticState
    weight: Floats | None


def simulate(
    network: PlasticNetwork,
    events: Events,
    *,
    samples: int,
    steps: int,
    plasticity: Plasticity | None = None,
    weight: Floats | None = None,
    consecutive: bool = False,
    inherit: bool = False,
    state: PlasticState | None = None,
    record: bool = False,
    backend: str = "auto",
) -> PlasticRun:
    """Run a network for T steps; the equations are those of `PlasticNetwork` and `Plasticity`.

    Args:
        network: the network.
        events: what membranes are given; a source is a neuron 0 .. N-1, a value is added to its
            membrane.
        samples: B, at least 1.
        steps: T, at least 1.
        plasticity: the rule; None for weights that stay.
        weight: weights at the start, those of the network if None `[S]`, or of each sample
            `[B, S]`. They are not changed.
        consecutive: begin a sample with the weights that the one before it left, instead of with
            the given ones; without meaning where each sample has its own.
        inherit: begin a sample with the traces that the one before it left.
        state: where to start; None is rest. It is not changed.
        record: list every spike.
        backend: "cpu" (numba), "reference" (numpy) or "auto", which is "cpu".

    Returns:
        counts, spikes, state and weights.

    Raises:
        ValueError: events, state or weights belong to another network or batch; membranes are
            no longer finite.

    >>> net = PlasticNetwork.build(liquid=1, inputs=1, pre=np.array([1]), post=np.array([0]),
    ...                            weight=2.0, decay=1.0, threshold=1.0)
    >>> drive = Events.of([np.eye(4)[:, :1, None]], [1], samples=1, steps=4)
    >>> simulate(net, drive, samples=1, steps=4, record=True, backend="reference").step.tolist()
    [1, 2]
    """
    if backend not in _MODULES:
        raise ValueError(f"unknown back end {backend!r}: choose one of {', '.join(_MODULES)}")
    _check(network, events, samples, steps)
    module = f"axonal.neuro.ops.plastic_network.{_MODULES[backend]}"
    # Imported when first used: a machine that never runs the kernel does not need numba.
    advance = importlib.import_module(module).advance
    if state is None:
        state = PlasticState.rest(network, samples, plasticity)
    else:
        _check_state(network, plasticity, state, samples)
        state = state.copy()
    rows = _rows(network, weight, samples)
    own = weight is not None and np.ndim(weight) == 2  # a row of each sample, which learns in place
    if plasticity is not None and network.last_spike and network.depth > 1:
        raise ValueError(
            "a change of a last-spike synapse acts on its current at once, which needs delays of "
            "0 steps: take exponential synapses, or no plasticity"
        )
    counts = np.zeros((samples, network.neurons), np.int64)
    moved = state

    def part(first: int, last: int) -> tuple[Int32Array, Int32Array, Int32Array]:
        states = moved.part(first, last)
        cut = events.bounds[first * steps : last * steps + 1]
        spikes: tuple[Int32Array, Int32Array, Int32Array] = advance(
            network,
            plasticity,
            states,
            rows if len(rows) == 1 else rows[first:last],
            consecutive or own,
            inherit,
            Events(cut, events.source, events.value),
            counts[first:last],
            record,
        )
        return spikes[0] + np.int32(first), spikes[1], spikes[2]

    if backend == "reference" or consecutive or inherit:
        parts = [part(0, samples)]
    else:
        from axonal._base.threads import SMALL, shards

        touched = samples * rows.shape[1] * rows.itemsize if plasticity is not None else 0
        parts = shards(part, samples, max(touched, SMALL if samples > 1 else 0))
    finite = np.isfinite(state.v).all(axis=1) & np.isfinite(state.modulation).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"the membranes or the modulator of sample {int(np.argmin(finite))} are no longer "
            "finite: lower the rates of plasticity or the strength of the modulator, or bound the "
            "weights"
        )
    learned = plasticity is not None and (consecutive or own)
    sample, step, neuron = (np.concatenate([p[k] for p in parts]) for k in range(3))
    return PlasticRun(
        counts,
        sample,
        step,
        neuron,
        state._replace(step=state.step + steps),
        (rows if own else rows[0]) if learned else None,
    )


def _rows(network: PlasticNetwork, weight: Floats | None, samples: int) -> Floats:
    given = network.weight if weight is None else np.asarray(weight)
    size = len(network.weight)
    if given.shape not in ((size,), (samples, size)):
        raise ValueError(
            f"weights are [S] or [B, S] with S = {size} synapses and B = {samples} samples, got "
            f"{given.shape}"
        )
    return np.array(np.atleast_2d(given), network.weight.dtype)


def _check(network: PlasticNetwork, events: Events, samples: int, steps: int) -> None:
    if samples < 1 or steps < 1:
        raise ValueError(f"samples and steps must be at least 1, got {samples} and {steps}")
    bounds, source = events.bounds, events.source
    right = len(bounds) == samples * steps + 1 and len(source) == len(events.value)
    if not right or bounds[0] != 0 or bounds[-1] != len(source) or np.any(np.diff(bounds) < 0):
        raise ValueError(f"the events are not ordered for {samples} samples of {steps} steps")
    if source.size and not (source.min() >= 0 and source.max() < network.neurons):
        raise ValueError(
            f"events go to neurons 0 .. {network.neurons - 1}, got {source.min()} .. {source.max()}"
        )


def _check_state(
    network: PlasticNetwork, plasticity: Plasticity | None, state: PlasticState, samples: int
) -> None:
    if len(state.v) != samples:
        raise ValueError(
            f"the state holds {len(state.v)} samples, the input {samples}: a state goes on with "
            "the batch it came from; for a new batch start with state=None"
        )
    given, wanted = state._asdict(), PlasticState.rest(network, 1, plasticity)._asdict()
    for name in (field for field in given if field != "step"):
        own, other = given[name], wanted[name]
        if own.shape[1:] != other.shape[1:]:
            raise ValueError(
                f"the state belongs to another network: its {name} has shape {own.shape}, this "
                f"network needs ({samples}, {', '.join(map(str, other.shape[1:]))})"
            )
