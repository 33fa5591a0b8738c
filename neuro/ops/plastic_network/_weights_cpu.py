"""Changes of currents and weights at spikes, compiled.

Weights that learn lie by target, so that the changes at a spike of a target are a loop over
neighbours in memory. Those at a spike of a source are made while the spike is delivered: the old
weight is sent, the new one kept, and what the change adds to a current that is under way is put by
until membranes have moved. A synapse whose both ends spike is left to the target, because its two
changes are added before the bounds apply.
"""

import numpy as np

from axonal._base.jit import jit
from axonal.neuro.ops.event_network.cpu import deliver

_LANES = 8


@jit
def _value(source, gain, reach, last_spike):  # type: ignore[no-untyped-def]
    """Current per weight that a spike adds; what a last-spike synapse still gives is replaced."""
    if not last_spike:
        return gain
    added = gain - reach[source]
    reach[source] = gain
    return added


@jit
def send(ring, base, indptr, target, weight, fired, reach, gain, last_spike):  # type: ignore[no-untyped-def]
    kinds = gain.shape[0]
    neurons = (indptr.shape[0] - 1) // kinds
    for j in fired:
        for kind in range(kinds):
            source = kind * neurons + j
            value = _value(source, gain[kind], reach, last_spike)
            if base > 0:
                deliver(ring, base, indptr, target, weight, source, value)
                continue
            # from the start of the ring on no place is beyond its end
            for synapse in range(np.uint64(indptr[source]), np.uint64(indptr[source + 1])):
                ring[np.uint64(target[synapse])] += weight[synapse] * value


@jit
def _learn_plain(  # type: ignore[no-untyped-def]
    ring, target, in_place, weight, first, last, value, change, least, most
):
    """`send_and_learn` for one source, where places in the ring are neurons."""
    for synapse in range(first, last):
        own, i = np.uint64(in_place[synapse]), np.uint64(target[synapse])
        before = weight[own]
        ring[i] += before * value
        after = before + change[i]
        after = least if after < least else after
        weight[own] = most if after > most else after


@jit
def send_and_learn(  # type: ignore[no-untyped-def]
    ring, base, synapses, weight, fired, reach, gain, last_spike, sink, lift, limits, later
):
    """Deliver spikes, and change the synapses of their sources onto neurons that do not spike."""
    indptr, target, post, in_place = synapses[:4]
    low, high, inhibitory = limits[:3]
    kinds, n = gain.shape[0], sink.shape[0]
    neurons = (indptr.shape[0] - 1) // kinds
    left = np.uint64(ring.shape[0]) - base
    plain = ring.shape[0] == n  # the place in the ring is the neuron: one list is enough
    for j in fired:
        change = lift if inhibitory[j] else sink
        least, most = low[j], high[j]
        for kind in range(kinds):
            source = kind * neurons + j
            value = _value(source, gain[kind], reach, last_spike)
            first, last = np.uint64(indptr[source]), np.uint64(indptr[source + 1])
            if plain and not last_spike:
                _learn_plain(
                    ring, target, in_place, weight, first, last, value, change, least, most
                )
                continue
            for synapse in range(first, last):
                ahead = np.uint64(target[synapse])
                place = base + ahead if ahead < left else ahead - left
                i = ahead if plain else np.uint64(post[synapse])
                own = np.uint64(in_place[synapse])
                before = weight[own]
                ring[place] += before * value
                after = before + change[i]
                after = least if after < least else after
                after = most if after > most else after
                weight[own] = after
                if last_spike:
                    later[np.uint64(kind * n) + i] += (after - before) * gain[kind]


@jit
def grow(weight, source, late, both, trace, low, high):  # type: ignore[no-untyped-def]
    """Change synapses onto a neuron that spikes."""
    for k in range(weight.shape[0]):
        pre = source[k]
        after = weight[k] + (late[pre] + both[pre] * trace)
        after = low[pre] if after < low[pre] else after
        weight[k] = high[pre] if after > high[pre] else after


@jit
def grow_and_sum(weight, source, late, both, trace, low, high, reach, added):  # type: ignore[no-untyped-def]
    """`grow` synapses of one kind; return the change of the current that is under way."""
    for k in range(weight.shape[0]):
        pre = source[k]
        before = weight[k]
        after = before + (late[pre] + both[pre] * trace)
        after = low[pre] if after < low[pre] else after
        after = high[pre] if after > high[pre] else after
        weight[k] = after
        added[k] = (after - before) * reach[pre]
    return _sum(added, weight.shape[0])


@jit
def _sum(values, size):  # type: ignore[no-untyped-def]
    """Sum in an order of lanes that does not depend on the machine."""
    a = b = c = d = e = f = g = h = values.dtype.type(0)
    whole = size - size % _LANES
    for k in range(0, whole, _LANES):
        a += values[k]
        b += values[k + 1]
        c += values[k + 2]
        d += values[k + 3]
        e += values[k + 4]
        f += values[k + 5]
        g += values[k + 6]
        h += values[k + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for k in range(whole, size):
        total += values[k]
    return total


@jit
def changes(  # type: ignore[no-untyped-def]
    a, m, fired, pre_trace, post_trace, inhibitory, up, down, gated, late, both, sink, lift
):
    """Make of rates and traces what each source and each target adds to a weight at a spike.

    ``both`` is zero but for the sources that spike; `forget` makes it so again.
    """
    neurons, n, zero = pre_trace.shape[0], post_trace.shape[0], a * 0
    for j in range(neurons):
        late[j] = (-m if inhibitory[j] else a) * pre_trace[j]
    for i in range(n):
        sink[i] = -m * post_trace[i]
        lift[i] = a * post_trace[i]
    for j in fired:
        both[j] = a if inhibitory[j] else -m
        if j < n:
            sink[j] = lift[j] = zero
    for first in range(neurons, late.shape[0], neurons):  # the same for every kind of synapse
        late[first : first + neurons] = late[:neurons]
        for j in fired:
            both[first + j] = both[j]
    if gated:
        for i in range(n):
            sink[i] *= down[i]
            lift[i] *= up[i]


@jit
def forget(both, fired, neurons):  # type: ignore[no-untyped-def]
    zero = both[0] * 0
    for first in range(0, both.shape[0], neurons):
        for j in fired:
            both[first + j] = zero


@jit
def gate(late, both, inhibitory, up, down, gated_late, gated_both):  # type: ignore[no-untyped-def]
    """Changes of the weights onto a neuron whose calcium gates both rates, by source."""
    for j in range(late.shape[0]):
        gated_late[j] = late[j] * (down if inhibitory[j] else up)
        gated_both[j] = both[j] * (up if inhibitory[j] else down)


@jit
def bands(calcium, level, width, up, down):  # type: ignore[no-untyped-def]
    for i in range(calcium.shape[0]):
        above = calcium[i] - level
        up[i] = 1 if 0 < above < width else 0
        down[i] = 1 if 0 < -above < width else 0
