"""The step of a network that learns, compiled: it equals ``reference.py`` to rounding.

A step touches synapses of the neurons that spike and no others; see ``_weights_cpu.py``.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba.core.errors import NumbaError

from axonal._base.array_types import Int32Array, Int64Array
from axonal._base.jit import callback, jit, kernel
from axonal._base.rows import copy, with_room
from axonal.neuro.ops.event_network import Events
from axonal.neuro.ops.plastic_network._network import PlasticNetwork, index_type
from axonal.neuro.ops.plastic_network._plasticity import Plasticity, Step, unmodulated
from axonal.neuro.ops.plastic_network._state import PlasticState
from axonal.neuro.ops.plastic_network._weights_cpu import (
    bands,
    changes,
    forget,
    gate,
    grow,
    grow_and_sum,
    in_order,
    remember,
    send,
    send_and_learn,
)

Floats = npt.NDArray[np.floating[Any]]

STEP = "void(float64[::1], float64[::1], int64, int64, float64)"
_TINY = {np.dtype(np.float32): 1e-18, np.dtype(np.float64): 1e-150}
"""Membranes, currents and traces below it are zero: their products would be too small for the
type, and arithmetic on such numbers is slow."""

_LONG = 64
"""Steps of a sample that pay for new lists of synapses, where traces go on from the one before."""


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
    """Run T steps of B samples; arguments and results are those of ``reference.advance``."""
    net, rule, dtype, neurons = network, plasticity, network.weight.dtype, network.neurons
    low = high = np.zeros(neurons * net.kinds, dtype)
    inhibitory, watch = np.zeros(neurons * net.kinds, np.bool_), np.zeros(neurons, np.int8)
    rates = np.zeros(7, dtype)
    rates[6] = _TINY[dtype]
    known = 0  # room for the numbers of synapses whose source has left a trace
    if rule is not None:
        known = len(net.weight)
        low, high = (np.tile(x, net.kinds).astype(dtype) for x in (rule.low, rule.high))
        inhibitory, watch = np.tile(rule.inhibitory, net.kinds), rule.watch
        rates[:3] = rule.pre_decay, rule.post_decay, rule.increment
        rates[3:6] = rule.calcium_decay, rule.level, rule.width
    spikes: tuple[Int32Array, Int32Array, Int32Array] = _advance(
        (state.v, state.wait, state.current, state.reach, state.ring),
        (state.pre_trace, state.post_trace, state.calcium, state.modulation, state.scale),
        state.step,
        (net.decay, net.bias, net.threshold, net.kernel_decay, net.gain),
        (net.indptr, net.target, net.post, net.in_indptr),
        (np.empty(known, np.uint32), np.empty(known, index_type(neurons * net.kinds))),
        (net.refractory, net.holds, net.last_spike, net.depth),
        (rule is not None, rule is not None and rule.gated),
        rates,
        (low, high, inhibitory, watch),
        (0.0, 1.0) if rule is None else (float(rule.potentiation), float(rule.fading)),
        _compiled(unmodulated if rule is None else rule.step),
        np.zeros(0) if rule is None else rule.parameters,
        weight,
        (consecutive, inherit, record),
        (events.bounds, events.source, events.value.astype(dtype)),
        counts,
    )
    return spikes


def _compiled(step: Step) -> Any:
    """Compile the step of a modulator, or say in a line why that cannot be."""
    try:
        return callback(step, STEP)
    except NumbaError as error:
        lines = (line.strip() for line in str(error).splitlines())
        why = next((line for line in lines if line and not line.startswith("Failed in")), "")
        raise TypeError(
            f"{step.__qualname__} cannot be compiled: {why} It may use numbers, its two arrays and "
            "math, and nothing else."
        ) from None


@jit
def _spikes(v, threshold, wait, hot, words, fired):  # type: ignore[no-untyped-def]
    """List the neurons that spike; silent ones are told eight at a time, by words of ``hot``."""
    for i in range(v.shape[0]):
        hot[i] = v[i] >= threshold[i]
    count = 0
    for k in range(words.shape[0]):
        if words[k] != 0:
            for i in range(8 * k, 8 * k + 8):
                if hot[i] and wait[i] == 0:
                    fired[count] = i
                    count += 1
    return count


@jit
def _currents(current, arriving, kernel_decay, tiny):  # type: ignore[no-untyped-def]
    n, zero = current.shape[0] // kernel_decay.shape[0], tiny * 0
    for kind in range(kernel_decay.shape[0]):
        k, first = kernel_decay[kind], kind * n
        own, new = current[first : first + n], arriving[first : first + n]
        for i in range(n):
            now = k * own[i] + new[i]
            new[i] = zero
            own[i] = now if abs(now) > tiny else zero


@jit
def _membranes(v, current, kinds, decay, bias, total, tiny):  # type: ignore[no-untyped-def]
    n, zero = current.shape[0] // kinds, tiny * 0
    for i in range(v.shape[0]):
        total[i] = bias[i]
    for kind in range(kinds):
        own = current[kind * n : kind * n + n]
        for i in range(n):
            total[i] += own[i]
    for i in range(v.shape[0]):
        now = decay[i] * v[i] + total[i]
        v[i] = now if abs(now) > tiny else zero


@jit
def _rest(v, wait, fired, refractory):  # type: ignore[no-untyped-def]
    for i in range(v.shape[0]):
        if wait[i] > 1:
            v[i] = 0
    if refractory > 0:
        for j in fired:
            v[j] = 0


@jit
def _fade(trace, decay, increment, fired, tiny):  # type: ignore[no-untyped-def]
    for j in fired:
        if j < trace.shape[0]:
            trace[j] += increment
    zero = tiny * 0
    for i in range(trace.shape[0]):
        now = decay * trace[i]
        trace[i] = now if now > tiny else zero


@jit
def _reach_less(reach, kernel_decay, tiny):  # type: ignore[no-untyped-def]
    kinds, zero = kernel_decay.shape[0], tiny * 0
    neurons = reach.shape[0] // kinds
    for kind in range(kinds):
        own, k = reach[kind * neurons : kind * neurons + neurons], kernel_decay[kind]
        for j in range(neurons):
            kept = k * own[j]
            own[j] = kept if kept > tiny else zero


@kernel
def _advance(  # type: ignore[no-untyped-def]
    cells,
    memory,
    first_step,
    constants,
    synapses,
    lists,
    form,
    learns,
    rates,
    limits,
    speed,
    modulate,
    parameters,
    weights,
    mode,
    events,
    counts,
):
    all_pre, all_post, all_calcium, modulation, scales = memory
    decay, bias, threshold, kernel_decay, gain = constants
    indptr, target, post, in_indptr = synapses
    known, known_source = lists
    refractory, holds, last_spike, depth = form
    plastic, gated = learns
    low, high, inhibitory, watch = limits
    consecutive, inherit, record = mode
    bounds, outside, value = events
    samples, neurons = cells[0].shape
    n, kinds = all_post.shape[1], gain.shape[0]
    steps, size = (bounds.shape[0] - 1) // samples, kinds * n
    number, dtype = weights.dtype.type, weights.dtype
    tiny, one = rates[6], number(1)
    hot = np.zeros(neurons + 8 - neurons % 8, np.bool_)
    words, total = hot.view(np.uint64), np.empty(neurons, dtype)
    fired_store = np.empty(neurons, np.int64)
    sources = neurons * kinds
    late, both = np.empty(sources, dtype), np.zeros(sources, dtype)
    gated_late, gated_both = np.empty(sources, dtype), np.empty(sources, dtype)
    up, down = np.ones(n, dtype), np.ones(n, dtype)
    sink, lift, later = np.empty(n, dtype), np.empty(n, dtype), np.zeros(size, dtype)
    remembered = np.zeros(neurons, np.bool_)
    length, ordered = np.zeros(size, np.int64), np.zeros(size, np.int64)
    copied = plastic and weights.shape[0] == 1 and not consecutive
    scratch = np.empty(weights.shape[1] if copied else 0, dtype)
    listed = np.empty(3 * 1024, np.int32)
    spikes = 0
    for b in range(samples):
        if inherit and b > 0:
            copy(all_pre[b], all_pre[b - 1])
            copy(all_post[b], all_post[b - 1])
        given = weights[b if weights.shape[0] > 1 else 0]
        if copied:
            copy(scratch, given)
        weight = scratch if copied else given
        v, wait, current = cells[0][b], cells[1][b], cells[2][b]
        reach, ring = cells[3][b], cells[4][b]
        pre_trace, post_trace, calcium = all_pre[b], all_post[b], all_calcium[b]
        now = (first_step % depth) * size
        if plastic:
            if not inherit or steps >= _LONG:
                remembered[:] = False
                length[:] = 0
                ordered[:] = 0
            for j in range(neurons):
                if pre_trace[j] > 0 and not remembered[j]:
                    remember(j, indptr, post, in_indptr, kinds, length, known, known_source)
                    remembered[j] = True
        for t in range(steps):
            fired = fired_store[: _spikes(v, threshold, wait, hot, words, fired_store)]
            for j in fired:
                v[j] = 0
                counts[b, j] += 1
            base = np.uint64(now)
            if plastic:
                a, m = number(speed[0] * scales[b]), number(modulation[b, 0])
                if gated:
                    bands(calcium, rates[4], rates[5], up, down)
                for j in fired:
                    if not remembered[j]:
                        remember(j, indptr, post, in_indptr, kinds, length, known, known_source)
                        remembered[j] = True
                changes(
                    a, m, fired, pre_trace, post_trace, inhibitory, up, down, gated,
                    late, both, sink, lift,
                )  # fmt: skip
                send_and_learn(
                    ring, base, synapses, weight, fired, reach, gain, last_spike,
                    sink, lift, limits, later,
                )  # fmt: skip
            else:
                send(ring, base, indptr, target, weight, fired, reach, gain, last_spike)
            _currents(current, ring[now : now + size], kernel_decay, tiny)
            _membranes(v, current, kinds, decay, bias, total, tiny)
            for event in range(bounds[b * steps + t], bounds[b * steps + t + 1]):
                v[outside[event]] += value[event]
            if holds:
                _rest(v, wait, fired, refractory)
            for i in range(neurons):
                wait[i] -= wait[i] > 0
            for j in fired:
                wait[j] = refractory
            if plastic:
                liquid = inputs = 0
                for i in fired:
                    if i >= n:
                        inputs += watch[i]
                        continue
                    liquid += watch[i]
                    comes, joins = late, both
                    if gated:
                        comes, joins = gated_late, gated_both
                        gate(late, both, inhibitory, up[i], down[i], comes, joins)
                    for kind in range(kinds):
                        goal = i * kinds + kind
                        own = slice(in_indptr[goal], in_indptr[goal] + length[goal])
                        if not last_spike:
                            grow(
                                weight, known[own], known_source[own], comes, joins,
                                post_trace[i], low, high,
                            )  # fmt: skip
                            continue
                        in_order(known[own], known_source[own], ordered[goal])
                        ordered[goal] = length[goal]
                        current[kind * n + i] += grow_and_sum(
                            weight, known[own], known_source[own], comes, joins,
                            post_trace[i], low, high, reach,
                        )  # fmt: skip
                if last_spike:
                    for i in range(size):
                        current[i] += later[i]
                        later[i] = 0
                forget(both, fired, neurons)
                _fade(pre_trace, rates[0], rates[2], fired, tiny)
                _fade(post_trace, rates[1], rates[2], fired, tiny)
                if gated:
                    _fade(calcium, rates[3], one, fired, tiny)
                modulate(modulation[b], parameters, liquid, inputs, scales[b])
                modulation[b, 0] *= speed[1]
                scales[b] *= speed[1]
            if last_spike:
                _reach_less(reach, kernel_decay, tiny)
            if record:
                listed = with_room(listed, 3 * (spikes + fired.shape[0]))
                for j in fired:
                    listed[3 * spikes] = b
                    listed[3 * spikes + 1] = t
                    listed[3 * spikes + 2] = j
                    spikes += 1
            now += size
            if now >= ring.shape[0]:
                now = 0
    every = listed[: 3 * spikes].reshape(spikes, 3)
    return every[:, 0].copy(), every[:, 1].copy(), every[:, 2].copy()
