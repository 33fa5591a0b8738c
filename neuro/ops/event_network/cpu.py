"""The event-driven step, compiled: the arguments and results are those of ``reference.py``.

Most of the time goes into one loop over synapses, whose places in the ring look random to the
processor. Its arithmetic is unsigned with a choice in place of a branch, and while the synapses of
one spike are worked off, those of the next are fetched.
"""

import math
from typing import Any

import numpy as np

from axonal._base.jit import jit, kernel, prefetch
from axonal._base.rows import copy, with_room
from axonal.neuro.ops.event_network._block import Kind, Reset

# a compiled function takes plain numbers for constants
INTEGRATOR, CUBA = int(Kind.INTEGRATOR), int(Kind.CUBA)
CURRENT_INTEGRATOR = int(Kind.CURRENT_INTEGRATOR)
ALIF, RESONATOR, GRADED = int(Kind.ALIF), int(Kind.RESONATOR), int(Kind.GRADED)
LINEAR, EGRU = int(Kind.LINEAR), int(Kind.EGRU)
KLIF, LSNN, ADEX = int(Kind.KLIF), int(Kind.LSNN), int(Kind.ADEX)
FILTERED = (CUBA, CURRENT_INTEGRATOR, ADEX)
SUBTRACT, THRESHOLD = int(Reset.SUBTRACT), int(Reset.THRESHOLD)


@jit
def deliver(ring, base, indptr, target, weight, source, value):  # type: ignore[no-untyped-def]
    """Add a source's weights times a value to where they arrive in a ring of sums."""
    left = np.uint64(ring.shape[0]) - base
    for synapse in range(np.uint64(indptr[source]), np.uint64(indptr[source + 1])):
        ahead = np.uint64(target[synapse])
        place = base + ahead if ahead < left else ahead - left
        ring[place] += weight[synapse] * value
    return indptr[source + 1] - indptr[source]


@jit
def _deliver_spikes(ring, base, indptr, target, weight, neurons):  # type: ignore[no-untyped-def]
    """`deliver` for one neuron after the other, with a value of 1."""
    left = np.uint64(ring.shape[0]) - base
    count = 0
    for k in range(neurons.shape[0]):
        if k + 1 < neurons.shape[0]:
            following = neurons[k + 1]
            for synapse in range(indptr[following], indptr[following + 1], 16):
                prefetch(target, synapse)
                prefetch(weight, synapse)
        first, last = np.uint64(indptr[neurons[k]]), np.uint64(indptr[neurons[k] + 1])
        for synapse in range(first, last):
            ahead = np.uint64(target[synapse])
            place = base + ahead if ahead < left else ahead - left
            ring[place] += weight[synapse]
        count += indptr[neurons[k] + 1] - indptr[neurons[k]]
    return count


@jit
def _filter(trace, sums, trace_decay, bias):  # type: ignore[no-untyped-def]
    """Put a current that decays in the place of the sum that enters it."""
    for i in range(trace.shape[0]):
        trace[i] = trace_decay[i] * trace[i] + (sums[i] + bias[i])
        sums[i] = trace[i]


@jit
def _filter_late(trace, sums, trace_decay, bias):  # type: ignore[no-untyped-def]
    """`_filter`, but what is put there is the current of the step before."""
    for i in range(trace.shape[0]):
        before = trace[i]
        trace[i] = trace_decay[i] * before + (sums[i] + bias[i])
        sums[i] = before


@jit
def _any_left(wait):  # type: ignore[no-untyped-def]
    count = 0
    for left in wait:
        count += left > 0
    return count > 0


@jit
def _levels(level, threshold, coupling, trace):  # type: ignore[no-untyped-def]
    for i in range(level.shape[0]):
        level[i] = threshold[i] + coupling[i] * trace[i]


@jit
def _fall(trace, factor):  # type: ignore[no-untyped-def]
    for i in range(trace.shape[0]):
        trace[i] *= factor[i]


@jit
def _adapt(trace, trace_decay, first, fired):  # type: ignore[no-untyped-def]
    for i in range(trace.shape[0]):
        trace[i] *= trace_decay[i]
    for n in fired:
        trace[n - first] += 1.0 - trace_decay[n - first]


@jit
def _reach(high, v, sums, decay, gain, bias):  # type: ignore[no-untyped-def]
    """Where `_leak` will take membranes before their reset."""
    for i in range(v.shape[0]):
        high[i] = decay[i] * v[i] + gain[i] * (sums[i] + bias[i])


@jit
def _resonate(  # type: ignore[no-untyped-def]
    u, v, sums, decay, rotation, gain, bias, threshold, after, first, neuron, spikes
):
    """One step of damped oscillators, after whose spike v is ``after`` times the threshold."""
    for i in range(v.shape[0]):
        h = rotation[i] * u[i] + decay[i] * v[i]
        u[i] = decay[i] * u[i] - rotation[i] * v[i] + gain[i] * (sums[i] + bias[i])
        v[i] = h
        sums[i] = 0.0
        if h >= threshold[i]:
            neuron[spikes] = first + i
            spikes += 1
            u[i] = 0.0
            v[i] = after * threshold[i]
    return spikes


@jit
def _integrate(v, sums, decay, gain, bias):  # type: ignore[no-untyped-def]
    for i in range(v.shape[0]):
        v[i] = decay[i] * v[i] + gain[i] * (sums[i] + bias[i])
    sums[:] = 0.0


@jit
def _fire(v, threshold, subtract, first, neuron, spikes):  # type: ignore[no-untyped-def]
    """Reset who reached the threshold and note it from ``neuron[spikes]`` on."""
    for i in range(v.shape[0]):
        if v[i] >= threshold[i]:
            neuron[spikes] = first + i
            spikes += 1
            v[i] = v[i] - threshold[i] if subtract else 0.0
    return spikes


@jit
def _wait_or_fire(  # type: ignore[no-untyped-def]
    v, rest, sums, decay, gain, bias, threshold, subtract, refractory, first, neuron, spikes
):
    """`_integrate` and `_fire` where some neurons may be refractory."""
    for i in range(v.shape[0]):
        current = sums[i] + bias[i]
        sums[i] = 0.0
        if rest[i] > 0:
            rest[i] -= 1
            continue
        h = decay[i] * v[i] + gain[i] * current
        if not h >= threshold[i]:
            v[i] = h
            continue
        v[i] = h - threshold[i] if subtract else 0.0
        rest[i] = refractory
        neuron[spikes] = first + i
        spikes += 1
    return spikes


@jit
def _leak(  # type: ignore[no-untyped-def]
    v, rest, sums, decay, gain, bias, threshold, subtract, refractory, waits, first, neuron, spikes
):
    """One step of leaky integrate-and-fire neurons; who fired is noted from ``spikes`` on."""
    if waits:
        return _wait_or_fire(
            v, rest, sums, decay, gain, bias, threshold, subtract, refractory, first, neuron, spikes
        )
    _integrate(v, sums, decay, gain, bias)
    return _fire(v, threshold, subtract, first, neuron, spikes)


@jit
def _upswing(  # type: ignore[no-untyped-def]
    v, third, sums, decay, gain, threshold, subthreshold, extra, first, neuron, spikes
):
    """One step of adaptive exponential neurons, whose currents are in ``sums``."""
    for i in range(v.shape[0]):
        n = first + i
        rho, jump, slope, onset = extra[0, n], extra[1, n], extra[2, n], extra[3, n]
        below = threshold[i] if v[i] > threshold[i] else v[i]
        rise = math.exp((below - onset) / slope) - math.exp((0.0 - onset) / slope)
        drive = sums[i] + slope * rise - third[i]
        h = decay[i] * v[i] + gain[i] * drive
        third[i] = rho * third[i] + (1.0 - rho) * (subthreshold[i] * v[i])
        sums[i] = 0.0
        v[i] = h
        if h >= threshold[i]:
            neuron[spikes] = n
            spikes += 1
            v[i] = extra[4, n]
            third[i] += jump
    return spikes


@jit
def _scale(  # type: ignore[no-untyped-def]
    v, sums, decay, gain, bias, threshold, factor, divisor, subtract, first, neuron, spikes
):
    """One step of neurons whose potential is scaled and rectified."""
    for i in range(v.shape[0]):
        h = factor[i] * (decay[i] * v[i] + gain[i] * (sums[i] + bias[i]))
        h = 0.0 if h <= 0.0 else h
        sums[i] = 0.0
        if h >= threshold[i]:
            neuron[spikes] = first + i
            spikes += 1
            h = h - threshold[i] if subtract else 0.0
        v[i] = h / divisor[i]
    return spikes


@jit
def _send(v, high, first, neuron, spikes):  # type: ignore[no-untyped-def]
    """Note linear units that are not 0, and their values, from ``neuron[spikes]`` on."""
    copy(high, v)
    for i in range(v.shape[0]):
        if v[i] != 0.0:
            neuron[spikes] = first + i
            spikes += 1
    return spikes


@jit
def _gate(v, high, sums, gain, bias, threshold, first, neuron, spikes):  # type: ignore[no-untyped-def]
    """One step of gated units, the first quarter of ``v``; ``high`` is h before the reset."""
    size = v.shape[0] // 4
    for i in range(size):
        z = 1.0 / (1.0 + math.exp(-(sums[i] + bias[i])))
        r = 1.0 / (1.0 + math.exp(-(sums[size + i] + bias[size + i])))
        heard = sums[3 * size + i] + bias[3 * size + i]
        g = math.tanh((sums[2 * size + i] + bias[2 * size + i]) + r * heard)
        u = z * v[i] + (1.0 - z) * g
        h = u if gain[i] == 1.0 else v[i] + gain[i] * (u - v[i])
        high[i] = h
        if h > threshold[i]:
            neuron[spikes] = first + i
            spikes += 1
            v[i] = h - threshold[i]
        else:
            v[i] = h
    sums[:] = 0.0
    return spikes


@kernel
def advance(  # type: ignore[no-untyped-def]
    start,
    v,
    trace,
    wait,
    ring,
    decay,
    gain,
    bias,
    threshold,
    trace_decay,
    coupling,
    extra,
    blocks,
    steady,
    indptr,
    target,
    weight,
    bounds,
    source,
    value,
    readout,
):
    """Run T steps of B samples; see ``reference.advance``."""
    samples, steps = readout.shape[0], readout.shape[1]
    neurons, size = v.shape[1], ring.shape[1]
    neuron = np.empty(1024, np.int32)
    none, levels = np.zeros(neurons), np.empty(neurons)
    ends = np.empty(samples * steps, np.int64)
    payload = np.empty(0)
    # 0 as written is a type of its own, for which all that takes it would be compiled once more
    zero: Any = np.int64(0)
    spikes, carried, count = zero, zero, zero
    for b in range(samples):
        sums = ring[b]
        # No neuron is refractory unless its block is, or the given state has steps left.
        waiting = _any_left(wait[b])
        now = (start * neurons) % size
        for t in range(steps):
            base = np.uint64(now)
            for event in range(bounds[b * steps + t], bounds[b * steps + t + 1]):
                count += deliver(sums, base, indptr, target, weight, source[event], value[event])
            for k in range(steady.shape[0]):
                count += deliver(sums, base, indptr, target, weight, steady[k], 1.0)
            for k in range(blocks.shape[0]):
                first, last = blocks[k, 0], blocks[k, 1]
                kind, reset = blocks[k, 2], blocks[k, 3]
                refractory, column = blocks[k, 4], blocks[k, 5]
                own, slot = v[b, first:last], sums[now + first : now + last]
                d, g, i = decay[first:last], gain[first:last], bias[first:last]
                second, kept = trace[b, first:last], trace_decay[first:last]
                if kind in FILTERED:
                    _filter(second, slot, kept, i)
                    i = none[first:last]
                if kind in (INTEGRATOR, CURRENT_INTEGRATOR):
                    _integrate(own, slot, d, g, i)
                    copy(readout[b, t, column : column + last - first], own)
                    continue
                before = spikes
                neuron = with_room(neuron, spikes + last - first)
                theta, beside = threshold[first:last], coupling[first:last]
                high, third = levels[first:last], second
                if kind in (LSNN, ADEX):
                    third = trace[b, neurons + column : neurons + column + last - first]
                if kind == ALIF:
                    _levels(high, theta, beside, second)
                    theta = high
                elif kind == LSNN:
                    _fall(third, extra[0, first:last])
                    _levels(high, theta, beside, third)
                    theta = high
                    _filter_late(second, slot, kept, i)
                    i = none[first:last]
                elif kind == GRADED:
                    _reach(high, own, slot, d, g, i)

                if kind == RESONATOR:
                    after = 1.0 if reset == THRESHOLD else 0.0
                    spikes = _resonate(
                        second, own, slot, d, beside, g, i, theta, after, first, neuron, spikes
                    )
                elif kind == ADEX:
                    spikes = _upswing(
                        own, third, slot, d, g, theta, beside, extra, first, neuron, spikes
                    )
                elif kind == KLIF:
                    divisor = extra[0, first:last]
                    subtract = reset == SUBTRACT
                    spikes = _scale(
                        own, slot, d, g, i, theta, beside, divisor, subtract, first, neuron, spikes
                    )
                elif kind == LINEAR:
                    _integrate(own, slot, d, g, i)
                    spikes = _send(own, high, first, neuron, spikes)
                elif kind == EGRU:
                    spikes = _gate(own, high, slot, g, i, theta, first, neuron, spikes)
                else:
                    how = (reset == SUBTRACT, refractory, refractory > 0 or waiting, first)
                    rest = wait[b, first:last]
                    spikes = _leak(own, rest, slot, d, g, i, theta, *how, neuron, spikes)

                fired = neuron[before:spikes]
                if kind == ALIF:
                    _adapt(second, kept, first, fired)
                elif kind == LSNN:
                    for n in fired:
                        third[n - first] += 1.0
                if kind in (GRADED, LINEAR, EGRU):
                    payload = with_room(payload, carried + spikes - before)
                    for n in fired:
                        payload[carried] = high[n - first]
                        count += deliver(sums, base, indptr, target, weight, n, payload[carried])
                        carried += 1
                else:
                    count += _deliver_spikes(sums, base, indptr, target, weight, fired)
            ends[b * steps + t] = spikes
            now += neurons
            if now >= size:
                now = 0
    sample, step = np.empty(spikes, np.int32), np.empty(spikes, np.int32)
    before = 0
    for cell in range(samples * steps):
        sample[before : ends[cell]] = cell // steps
        step[before : ends[cell]] = cell % steps
        before = ends[cell]
    return sample, step, neuron[:spikes], payload[:carried], count
