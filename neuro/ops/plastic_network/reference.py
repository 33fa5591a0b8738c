"""The definition of a network that learns, in numpy: every synapse at every step."""

from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int32Array, Int64Array
from axonal.neuro.ops.event_network import Events
from axonal.neuro.ops.plastic_network._network import PlasticNetwork
from axonal.neuro.ops.plastic_network._plasticity import Plasticity
from axonal.neuro.ops.plastic_network._state import PlasticState

Floats = npt.NDArray[np.floating[Any]]


def advance(
    network: PlasticNetwork,
    plasticity: Plasticity | None,
    state: PlasticState,
    weight: Floats,
    consecutive: bool,
    inherit: bool,
    events: Events,
    counts: Int64Array,
    record: bool,
) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Run T steps of B samples; the equations are those of `PlasticNetwork` and `Plasticity`.

    Args:
        network: neurons and synapses.
        plasticity: the rule, or None for weights that stay.
        state: changed in place.
        weight: one row per sample, or one for all `[1 or B, S]`; changed in place.
        consecutive: whether a sample begins with the weights that the one before it left, where
            there is one row; otherwise that row stays as it is.
        inherit: whether a sample begins with the traces that the one before it left.
        events: given to membranes.
        counts: spikes of each neuron, added to `[B, N]`.
        record: whether spikes are listed.

    Returns:
        sample, step and neuron of each spike, if they are recorded.
    """
    samples = len(counts)
    steps = (len(events.bounds) - 1) // samples
    spikes = [np.zeros((0, 3), np.int32)]
    for b in range(samples):
        if inherit and b:
            state.pre_trace[b] = state.pre_trace[b - 1]
            state.post_trace[b] = state.post_trace[b - 1]
        row = weight[b if len(weight) > 1 else 0]
        w = row if consecutive or len(weight) > 1 else row.copy()
        for t in range(steps):
            given = slice(*events.bounds[b * steps + t : b * steps + t + 2])
            outside = np.zeros_like(state.v[b])
            np.add.at(outside, events.source[given], events.value[given])
            fired = _step(network, state, w, b, state.step + t, outside)
            if plasticity is not None:
                _learn(network, plasticity, state, w, b, fired)
            if network.last_spike:
                state.reach[b] *= np.repeat(network.kernel_decay, network.neurons)
                _refresh(network, state, w, b)
            counts[b] += fired
            if record:
                neuron = np.flatnonzero(fired)
                spikes.append(np.column_stack([np.full((len(neuron), 2), (b, t)), neuron]))
    every = np.concatenate(spikes).astype(np.int32)
    return every[:, 0], every[:, 1], every[:, 2]


def _step(
    net: PlasticNetwork, state: PlasticState, w: Floats, b: int, step: int, outside: Floats
) -> npt.NDArray[np.bool_]:
    v, wait, n, kinds = state.v[b], state.wait[b], net.liquid, net.kinds
    ready = wait == 0
    fired: npt.NDArray[np.bool_] = ready & (v >= net.threshold)
    v[fired] = 0.0
    size = kinds * n
    ring = state.ring[b]
    now = step % net.depth * size
    source = np.repeat(np.arange(len(net.indptr) - 1), np.diff(net.indptr))
    sends = fired[source % net.neurons]
    added = net.gain[source // net.neurons]
    if net.last_spike:
        added = added - state.reach[b, source]
        gain = np.repeat(net.gain, net.neurons)
        state.reach[b] = np.where(np.tile(fired, kinds), gain, state.reach[b])
    place = (now + net.target[sends].astype(np.int64)) % len(ring)
    np.add.at(ring, place, w[sends] * added[sends])
    arriving = ring[now : now + size]
    state.current[b] = np.repeat(net.kernel_decay, n) * state.current[b] + arriving
    arriving[:] = 0.0
    total = outside + net.bias
    for kind in range(kinds):
        total[:n] += state.current[b, kind * n : kind * n + n]
    if net.holds:
        rests = fired & (net.refractory > 0) | (wait > 1)
        v[:] = np.where(rests, 0.0, net.decay * v + total)
    else:
        v[:] = net.decay * v + total
    wait[:] = np.where(fired, net.refractory, np.maximum(wait - 1, 0))
    return fired


def _learn(
    net: PlasticNetwork,
    rule: Plasticity,
    state: PlasticState,
    w: Floats,
    b: int,
    fired: npt.NDArray[np.bool_],
) -> None:
    pre = np.repeat(np.arange(len(net.indptr) - 1), np.diff(net.indptr)) % net.neurons
    post, calcium = net.post, state.calcium[b]
    above, below = calcium - rule.level, rule.level - calcium
    up = (above > 0) & (above < rule.width) if rule.gated else np.ones(net.liquid)
    down = (below > 0) & (below < rule.width) if rule.gated else np.ones(net.liquid)
    a = rule.potentiation * state.scale[b] * up[post]
    m = state.modulation[b, 0] * down[post]
    late = state.pre_trace[b, pre] * fired[post]
    early = state.post_trace[b, post] * fired[pre]
    change = np.where(rule.inhibitory[pre], a * early - m * late, a * late - m * early)
    w[:] = np.clip(w + change, rule.low[pre], rule.high[pre])
    own = fired[: net.liquid]
    state.pre_trace[b] = rule.pre_decay * (state.pre_trace[b] + rule.increment * fired)
    state.post_trace[b] = rule.post_decay * (state.post_trace[b] + rule.increment * own)
    if rule.gated:
        state.calcium[b] = rule.calcium_decay * (calcium + own)
    watched = fired & (rule.watch > 0)
    counts = int(watched[: net.liquid].sum()), int(watched[net.liquid :].sum())
    rule.step(state.modulation[b], rule.parameters, *counts, float(state.scale[b]))
    state.modulation[b, 0] *= rule.fading
    state.scale[b] *= rule.fading


def _refresh(net: PlasticNetwork, state: PlasticState, w: Floats, b: int) -> None:
    """Make the current that of the present weights, where it is one of the latest spikes."""
    if net.depth > 1:
        return
    before = state.reach[b] / np.repeat(net.kernel_decay, net.neurons)
    factor = np.repeat(before, np.diff(net.indptr))
    state.current[b] = np.bincount(net.target, w * factor, net.kinds * net.liquid)
