"""The event-driven step, compiled: the arguments and results are those of ``reference.py``."""

import numpy as np

from axonal.neuro.ops._numba import jit, kernel


@jit
def _deliver(ring, base, indptr, target, weight, source, value):  # type: ignore[no-untyped-def]
    size = np.uint64(ring.shape[0])
    for synapse in range(indptr[source], indptr[source + 1]):
        place = base + np.uint64(target[synapse])
        if place >= size:
            place -= size
        ring[place] += weight[synapse] * value
    return indptr[source + 1] - indptr[source]


@jit
def _grown(array):  # type: ignore[no-untyped-def]
    larger = np.empty(2 * array.shape[0], array.dtype)
    larger[: array.shape[0]] = array
    return larger


@kernel
def advance(  # type: ignore[no-untyped-def]
    start,
    v,
    wait,
    ring,
    decay,
    gain,
    bias,
    threshold,
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
    spike_sample = np.empty(1024, np.int32)
    spike_step = np.empty(1024, np.int32)
    spike_neuron = np.empty(1024, np.int32)
    spikes = 0
    count = 0
    for b in range(samples):
        membrane, rest, sums = v[b], wait[b], ring[b]
        now = (start * neurons) % size
        for t in range(steps):
            base = np.uint64(now)
            for event in range(bounds[b * steps + t], bounds[b * steps + t + 1]):
                count += _deliver(sums, base, indptr, target, weight, source[event], value[event])
            for k in range(steady.shape[0]):
                count += _deliver(sums, base, indptr, target, weight, steady[k], 1.0)
            for k in range(blocks.shape[0]):
                first, last = blocks[k, 0], blocks[k, 1]
                spiking, subtract = blocks[k, 2] != 0, blocks[k, 3] != 0
                refractory, column = blocks[k, 4], blocks[k, 5] - blocks[k, 0]
                for i in range(first, last):
                    current = sums[now + i] + bias[i]
                    sums[now + i] = 0.0
                    if not spiking:
                        membrane[i] = decay[i] * membrane[i] + gain[i] * current
                        readout[b, t, column + i] = membrane[i]
                        continue
                    if rest[i] > 0:
                        rest[i] -= 1
                        continue
                    h = decay[i] * membrane[i] + gain[i] * current
                    if not h >= threshold[i]:
                        membrane[i] = h
                        continue
                    membrane[i] = h - threshold[i] if subtract else 0.0
                    rest[i] = refractory
                    if spikes == spike_neuron.shape[0]:
                        spike_sample = _grown(spike_sample)
                        spike_step = _grown(spike_step)
                        spike_neuron = _grown(spike_neuron)
                    spike_sample[spikes] = b
                    spike_step[spikes] = t
                    spike_neuron[spikes] = i
                    spikes += 1
                    count += _deliver(sums, base, indptr, target, weight, i, 1.0)
            now += neurons
            if now >= size:
                now = 0
    return spike_sample[:spikes], spike_step[:spikes], spike_neuron[:spikes], count
