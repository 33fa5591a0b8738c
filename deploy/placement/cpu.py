"""The inner loops of placement, compiled; what they do is said in `_partition.py`.

`links` are the rows of `traffic.TrafficLinks`, the sources of every placed neuron; `loads` is the
`partition.PartitionLoads` that the loops change.
"""

import numpy as np

from axonal._base.jit import jit, kernel

NEURONS, BYTES, AXONS_IN, AXONS_OUT = range(4)


@jit
def _shift(n, b, links, loads):  # type: ignore[no-untyped-def]
    """Take neuron n from where it is to core b, either of which may be -1, no place."""
    core, reach, used = loads.core, loads.reach, loads.used
    cores_reached, size = loads.cores_reached, loads.size
    a, placed = core[n], core.shape[0]
    core[n] = -1  # while its row changes, so that a synapse onto itself is counted once
    if a >= 0:
        used[a, NEURONS] -= 1
        used[a, BYTES] -= size[n]
        used[a, AXONS_OUT] -= cores_reached[n]
    for k in range(links.start[n], links.start[n + 1]):
        i = links.neuron[k]
        home = core[i] if i < placed else -1
        if a >= 0:
            reach[i, a] -= 1
            if reach[i, a] == 0:
                cores_reached[i] -= 1
                used[a, AXONS_IN] -= 1
                if home >= 0:
                    used[home, AXONS_OUT] -= 1
        if b >= 0:
            reach[i, b] += 1
            if reach[i, b] == 1:
                cores_reached[i] += 1
                used[b, AXONS_IN] += 1
                if home >= 0:
                    used[home, AXONS_OUT] += 1
    if b >= 0:
        used[b, NEURONS] += 1
        used[b, BYTES] += size[n]
        used[b, AXONS_OUT] += cores_reached[n]
    core[n] = b


@jit
def _broken(n, b, links, loads):  # type: ignore[no-untyped-def]
    """First limit that is exceeded where neuron n has just come to core b; -1 for none."""
    core, used, most = loads.core, loads.used, loads.most
    for what in range(4):
        if used[b, what] > most[what]:
            return what
    for k in range(links.start[n], links.start[n + 1]):
        i = links.neuron[k]
        if i < core.shape[0] and core[i] >= 0 and used[core[i], AXONS_OUT] > most[AXONS_OUT]:
            return AXONS_OUT
    return -1


@jit
def _pull(n, events, links, loads, pull):  # type: ignore[no-untyped-def]
    """Events that stay unsent if neuron n is on a core, for every core, into `pull` [K]."""
    core, reach = loads.core, loads.reach
    a, placed, cores = core[n], core.shape[0], reach.shape[1]
    pull[:] = 0
    itself = 0
    for k in range(links.start[n], links.start[n + 1]):
        i = links.neuron[k]
        if i == n:
            itself = 1
            continue
        if events[i] == 0:
            continue
        home = core[i] if i < placed else -1
        for b in range(cores):
            others = reach[i, b] - 1 if b == a else reach[i, b]
            if others > 0 or b == home:
                pull[b] += events[i]
    for b in range(cores):
        others = reach[n, b] - itself if b == a else reach[n, b]
        if others > 0:
            pull[b] += events[n]


@kernel
def limit_met(n, links, loads):  # type: ignore[no-untyped-def]
    """For every core, the limit that keeps neuron n away, or -1 [K]."""
    found = np.empty(len(loads.used), np.int64)
    for b in range(len(found)):
        _shift(n, b, links, loads)
        found[b] = _broken(n, b, links, loads)
        _shift(n, -1, links, loads)
    return found


@kernel
def pack(follow, order, group, events, links, loads):  # type: ignore[no-untyped-def]
    """Place neurons in order: a group where it is pulled to and fits whole, if there is a core.

    `follow` is false where pulls are ignored and the first core that fits is taken. Returns the
    neuron that fits nowhere, or -1.
    """
    used, most = loads.used, loads.most
    cores = used.shape[0]
    pull, total = np.zeros(cores, np.int64), np.zeros(cores, np.int64)
    last = 0
    first = 0
    wanted = -1
    for place in range(order.shape[0]):
        n = order[place]
        if place == first:
            total[:] = 0
            neurons = 0
            bytes_ = 0
            while last < order.shape[0] and group[order[last]] == group[n]:
                member = order[last]
                if follow:
                    _pull(member, events, links, loads, pull)
                    total += pull
                neurons += 1
                bytes_ += loads.size[member]
                last += 1
            first = last
            wanted = -1
            for b in range(cores):
                fits = used[b, NEURONS] + neurons <= most[NEURONS]
                fits = fits and used[b, BYTES] + bytes_ <= most[BYTES]
                if fits and (wanted < 0 or total[b] > total[wanted]):
                    wanted = b
        if wanted >= 0:
            _shift(n, wanted, links, loads)
            if _broken(n, wanted, links, loads) < 0:
                continue
            _shift(n, -1, links, loads)
        pull[:] = 0
        if follow:
            _pull(n, events, links, loads, pull)
        for _ in range(cores):
            nearest = np.argmax(pull)
            _shift(n, nearest, links, loads)
            if _broken(n, nearest, links, loads) < 0:
                break
            _shift(n, -1, links, loads)
            pull[nearest] = -1
        if loads.core[n] < 0:
            return n
    return -1


@kernel
def refine(order, events, links, loads):  # type: ignore[no-untyped-def]
    """One pass of moves that lower the traffic, swaps where the wanted core is full.

    Returns the events that are saved.
    """
    core, cores = loads.core, loads.used.shape[0]
    pull, other = np.zeros(cores, np.int64), np.zeros(cores, np.int64)
    waiting = np.full((cores, cores), -1, np.int64)
    saved = 0
    for n in order:
        a = core[n]
        _pull(n, events, links, loads, pull)
        here = pull[a]
        for _ in range(cores):
            b = np.argmax(pull)
            if pull[b] <= here:
                break
            gain = pull[b] - here
            pull[b] = -1
            _shift(n, b, links, loads)
            if _broken(n, b, links, loads) < 0:
                saved += gain
                break
            m = waiting[b, a]
            if m >= 0 and core[m] == b:
                _pull(m, events, links, loads, other)
                both = gain + other[a] - other[b]
                if both > 0:
                    _shift(m, a, links, loads)
                    fits = _broken(m, a, links, loads) < 0
                    fits = fits and _broken(n, b, links, loads) < 0
                    if fits:
                        waiting[b, a] = -1
                        saved += both
                        break
                    _shift(m, b, links, loads)
            _shift(n, a, links, loads)
            if waiting[a, b] < 0 or core[waiting[a, b]] != a:
                waiting[a, b] = n
    return saved


@kernel
def match(order, start, index, weight, count, size, most_count, most_size):  # type: ignore[no-untyped-def]
    """Pair every group with its closest free neighbour, if both fit together; [G] of partners."""
    mate = np.arange(count.shape[0])
    free = np.ones(count.shape[0], np.bool_)
    for u in order:
        if not free[u]:
            continue
        best, highest = u, 0.0
        for k in range(start[u], start[u + 1]):
            v = index[k]
            if v == u or not free[v]:
                continue
            if count[u] + count[v] > most_count or size[u] + size[v] > most_size:
                continue
            close = weight[k] / (count[u] * count[v])
            if close > highest:
                best, highest = v, close
        if best != u:
            mate[best] = u
            free[u] = free[best] = False
    return mate
