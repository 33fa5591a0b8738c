"""The definition of the event-driven step, in numpy: slow, and easy to check against the text."""

from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float64Array, IntegerArray
from axonal.neuro.ops.event_network._block import READ, Kind, Reset


def advance(
    start: int,
    v: Float64Array,
    trace: Float64Array,
    wait: npt.NDArray[np.int32],
    ring: Float64Array,
    decay: Float64Array,
    gain: Float64Array,
    bias: Float64Array,
    threshold: Float64Array,
    trace_decay: Float64Array,
    coupling: Float64Array,
    extra: Float64Array,
    blocks: npt.NDArray[np.int64],
    steady: IntegerArray,
    indptr: IntegerArray,
    target: IntegerArray,
    weight: npt.NDArray[np.floating[Any]],
    bounds: IntegerArray,
    source: IntegerArray,
    value: Float64Array,
    readout: Float64Array,
) -> tuple[IntegerArray, IntegerArray, IntegerArray, Float64Array, int]:
    """Run T steps of B samples; the state and ``readout`` are changed in place.

    The equations are those of `EventNetwork`.

    Args:
        start: steps already run.
        v: membranes `[B, N]`.
        trace: second variables, then third ones `[B, N + thirds]`.
        wait: refractory steps left `[B, N]`.
        ring: sums of input under way `[B, D * N]`.
        decay: membrane kept per step `[N]`.
        gain: factor of the input `[N]`.
        bias: input of every step `[N]`.
        threshold: threshold `[N]`.
        trace_decay: trace kept per step `[N]`.
        coupling: what trace and membrane do to one another `[N]`.
        extra: parameters that only one kind has `[P, N]`.
        blocks: one `Block` per row `[K, 6]`.
        steady: sources that emit 1.0 at every step `[C]`.
        indptr: synapses by source.
        target: place of each synapse in the ring, from the current step.
        weight: weight of each synapse.
        bounds: events by sample and step `[B * T + 1]`.
        source: source of each event `[E]`.
        value: value of each event `[E]`.
        readout: membranes of the integrators `[B, T, R]`.

    Returns:
        sample, step and neuron of each spike, what each spike of a graded neuron carries, and the
        number of synaptic events.
    """
    samples, steps = readout.shape[:2]
    neurons, size = v.shape[1], ring.shape[1]
    spikes: list[npt.NDArray[np.int32]] = []
    payload = [np.zeros(0)]
    count = 0

    def deliver(b: int, base: int, sources: IntegerArray, values: Float64Array) -> int:
        lengths = indptr[sources + 1] - indptr[sources]
        nested = [np.arange(indptr[s], indptr[s + 1]) for s in sources]
        synapse = np.concatenate([np.zeros(0, np.int64), *nested])
        place = (base + target[synapse].astype(np.int64)) % size
        np.add.at(ring[b], place, weight[synapse] * np.repeat(values, lengths))
        return len(synapse)

    for b in range(samples):
        for t in range(steps):
            base = (start + t) * neurons % size
            given = slice(bounds[b * steps + t], bounds[b * steps + t + 1])
            count += deliver(b, base, source[given], value[given])
            count += deliver(b, base, steady, np.ones(len(steady)))
            for first, last, kind, reset, refractory, column in blocks:
                cells = slice(first, last)
                slot = ring[b, base + first : base + last]
                current = slot + bias[cells]
                slot[:] = 0.0
                level, before = threshold[cells], trace[b, cells].copy()
                if kind in (Kind.CUBA, Kind.CURRENT_INTEGRATOR, Kind.ADEX):
                    current = trace_decay[cells] * before + current
                    trace[b, cells] = current
                if kind == Kind.LSNN:
                    third = trace[b, neurons + column : neurons + column + last - first]
                    third *= extra[0, cells]
                    level = level + coupling[cells] * third
                    trace[b, cells] = trace_decay[cells] * before + current
                    current = before
                if kind == Kind.ADEX:
                    third = trace[b, neurons + column : neurons + column + last - first]
                    rho, jump, slope, onset, after_spike = extra[:5, cells]
                    old = v[b, cells]
                    rise = np.exp((np.minimum(old, level) - onset) / slope)
                    rise = slope * (rise - np.exp((0.0 - onset) / slope))
                    current = current + rise - third
                    third[:] = rho * third + (1.0 - rho) * (coupling[cells] * old)
                if kind == Kind.ALIF:
                    level = level + coupling[cells] * before
                h = decay[cells] * v[b, cells] + gain[cells] * current
                if kind == Kind.RESONATOR:
                    turned = decay[cells] * before - coupling[cells] * v[b, cells]
                    trace[b, cells] = turned + gain[cells] * current
                    h = coupling[cells] * before + decay[cells] * v[b, cells]
                if kind == Kind.KLIF:
                    h = np.maximum(coupling[cells] * h, 0.0)
                if kind in READ:
                    v[b, cells] = h
                    readout[b, t, column : column + last - first] = h
                    continue
                if kind in (Kind.LINEAR, Kind.EGRU):
                    if kind == Kind.LINEAR:
                        v[b, cells] = h
                        fired = h != 0.0
                    else:
                        h, fired = _gated(v[b, cells], current, gain[cells], threshold[cells])
                    neuron, carried = first + np.flatnonzero(fired), h[fired]
                    payload.append(carried)
                    count += deliver(b, base, neuron, carried)
                    where = np.empty((len(neuron), 3), np.int32)
                    where[:, 0], where[:, 1], where[:, 2] = b, t, neuron
                    spikes.append(where)
                    continue
                ready = wait[b, cells] == 0
                fired = ready & (h >= level)
                after = {Reset.SUBTRACT: h - level, Reset.THRESHOLD: level}.get(
                    reset, np.zeros_like(h)
                )
                if kind == Kind.ADEX:
                    after = after_spike
                    third += jump * fired
                v[b, cells] = np.where(ready, np.where(fired, after, h), v[b, cells])
                wait[b, cells] = np.where(fired, refractory, np.maximum(wait[b, cells] - 1, 0))
                if kind == Kind.KLIF:
                    v[b, cells] /= extra[0, cells]
                if kind == Kind.LSNN:
                    third += fired
                if kind == Kind.ALIF:
                    rho = trace_decay[cells]
                    trace[b, cells] = rho * before + (1.0 - rho) * fired
                if kind == Kind.RESONATOR:
                    trace[b, cells] = np.where(fired, 0.0, trace[b, cells])
                neuron = first + np.flatnonzero(fired)
                carried = np.ones(len(neuron))
                if kind == Kind.GRADED:
                    carried = h[fired]
                    payload.append(carried)
                count += deliver(b, base, neuron, carried)
                where = np.empty((len(neuron), 3), np.int32)
                where[:, 0], where[:, 1], where[:, 2] = b, t, neuron
                spikes.append(where)
    every = np.concatenate([np.zeros((0, 3), np.int32), *spikes])
    return every[:, 0], every[:, 1], every[:, 2], np.concatenate(payload), count


def _gated(
    v: Float64Array, current: Float64Array, gain: Float64Array, threshold: Float64Array
) -> tuple[Float64Array, npt.NDArray[np.bool_]]:
    """Update gated units, the first quarter of ``v``; return h and who sends."""
    z, r, a, b = current.reshape(4, -1)
    size = len(z)
    c, share, theta = v[:size], gain[:size], threshold[:size]
    z, r = 1.0 / (1.0 + np.exp(-z)), 1.0 / (1.0 + np.exp(-r))
    g = np.tanh(a + r * b)
    u = z * c + (1.0 - z) * g
    h = np.where(share == 1.0, u, c + share * (u - c))
    fired = h > theta
    v[:size] = np.where(fired, h - theta, h)
    return h, fired
