"""Changes of currents and weights at spikes, compiled.

Weights lie by source. Those at a spike of a source are changed while the spike is delivered: the
old weight is sent, the new one kept, and what the change adds to a current that is under way is put
by until membranes have moved. Those at a spike of a target are found in a list of the synapses onto
it whose source has left a trace: the others cannot change. A source enters the lists of its targets
at its first spike. A synapse whose both ends spike is left to the target, because its two changes
are added before the bounds apply.
"""

import numpy as np

from axonal._base.jit import jit
from axonal._base.rows import copy
from axonal.neuro.ops.event_network.cpu import deliver


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
def _learn(  # type: ignore[no-untyped-def]
    ring, base, target, post, weight, value, change, least, most
):
    """`send_and_learn` for one source."""
    left = np.uint64(ring.shape[0]) - base
    for synapse in range(weight.shape[0]):
        ahead = np.uint64(target[synapse])
        before = weight[synapse]
        ring[base + ahead if ahead < left else ahead - left] += before * value
        after = before + change[np.uint64(post[synapse])]
        after = least if after < least else after
        weight[synapse] = most if after > most else after


@jit
def _learn_now(ring, first, target, weight, value, change, least, most):  # type: ignore[no-untyped-def]
    """The same without delays: the place of a target is ``first`` and its number."""
    for synapse in range(weight.shape[0]):
        place = np.uint64(target[synapse])
        before = weight[synapse]
        ring[place] += before * value
        after = before + change[place - first]
        after = least if after < least else after
        weight[synapse] = most if after > most else after


@jit
def _learn_latest(  # type: ignore[no-untyped-def]
    ring, later, first, target, weight, value, gain, change, least, most
):
    """The same for last-spike synapses, which have no delays."""
    for synapse in range(weight.shape[0]):
        place = np.uint64(target[synapse])
        before = weight[synapse]
        ring[place] += before * value
        after = before + change[place - first]
        after = least if after < least else after
        after = most if after > most else after
        weight[synapse] = after
        later[place] += (after - before) * gain


@jit
def send_and_learn(  # type: ignore[no-untyped-def]
    ring, base, synapses, weight, fired, reach, gain, last_spike, sink, lift, limits, later
):
    """Deliver spikes, and change the synapses of their sources onto neurons that do not spike."""
    indptr, target, post = synapses[:3]
    low, high, inhibitory = limits[:3]
    kinds = gain.shape[0]
    neurons = (indptr.shape[0] - 1) // kinds
    for j in fired:
        change = lift if inhibitory[j] else sink
        least, most = low[j], high[j]
        for kind in range(kinds):
            source = kind * neurons + j
            value = _value(source, gain[kind], reach, last_spike)
            own = slice(indptr[source], indptr[source + 1])
            goal, w, begin = target[own], weight[own], np.uint64(kind * sink.shape[0])
            if last_spike:
                _learn_latest(ring, later, begin, goal, w, value, gain[kind], change, least, most)
            elif ring.shape[0] == kinds * sink.shape[0]:
                _learn_now(ring, begin, goal, w, value, change, least, most)
            else:
                _learn(ring, base, goal, post[own], w, value, change, least, most)


@jit
def remember(j, indptr, post, in_indptr, kinds, length, listed, sources):  # type: ignore[no-untyped-def]
    """Enter the synapses of a source into the lists of their targets."""
    neurons = (indptr.shape[0] - 1) // kinds
    for kind in range(kinds):
        source = kind * neurons + j
        for synapse in range(indptr[source], indptr[source + 1]):
            goal = np.uint64(post[synapse]) * np.uint64(kinds) + np.uint64(kind)
            place = np.uint64(in_indptr[goal] + length[goal])
            listed[place] = synapse
            sources[place] = source
            length[goal] += 1


@jit
def grow(weight, listed, source, late, both, trace, low, high):  # type: ignore[no-untyped-def]
    """Change the listed synapses onto a neuron that spikes."""
    for k in range(listed.shape[0]):
        synapse, pre = np.uint64(listed[k]), np.uint64(source[k])
        after = weight[synapse] + (late[pre] + both[pre] * trace)
        after = low[pre] if after < low[pre] else after
        weight[synapse] = high[pre] if after > high[pre] else after


@jit
def grow_and_sum(  # type: ignore[no-untyped-def]
    weight, listed, source, late, both, trace, low, high, reach
):
    """`grow` synapses of one kind; return the change of the current that is under way.

    Synapses that have left no trace would add zero: the sum is the same bits without them.
    """
    total = weight[0] * 0
    for k in range(listed.shape[0]):
        synapse, pre = np.uint64(listed[k]), np.uint64(source[k])
        before = weight[synapse]
        after = before + (late[pre] + both[pre] * trace)
        after = low[pre] if after < low[pre] else after
        after = high[pre] if after > high[pre] else after
        weight[synapse] = after
        total += (after - before) * reach[pre]
    return total


@jit
def in_order(listed, source, first):  # type: ignore[no-untyped-def]
    """Sort what has entered a list since its first numbers were in order."""
    for k in range(first, listed.shape[0]):
        synapse, pre, place = listed[k], source[k], k
        while place > 0 and listed[place - 1] > synapse:
            listed[place], source[place] = listed[place - 1], source[place - 1]
            place -= 1
        listed[place], source[place] = synapse, pre


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
        copy(late[first : first + neurons], late)
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
