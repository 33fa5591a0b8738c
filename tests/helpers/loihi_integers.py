"""Graphs in Loihi's integers, and their spikes in Python's unbounded integers."""

import numpy as np

from axonal.deploy import EventGraph, Population, Projection
from helpers.event_graphs import with_golden


def whole(seed, exponents, neurons=24, fan=10, steps=300, delays=63, samples=1, kind="lif", **cell):
    """A recurrent graph in Loihi's integers: mixed, positive and negative weights, long delays."""
    r = np.random.default_rng(seed)
    pairs = r.permutation(neurons * neurons)[: neurons * fan]
    every = np.arange(neurons)
    cell = {
        "decay": 1 - r.integers(0, 4096, neurons) / 4096,
        "bias": r.integers(-100, 900, neurons) / 64,
        "threshold": r.integers(60, 200, neurons),
        **cell,
    }
    x = Population("x", kind, (neurons,), gain=1, **cell)
    out = Population("out", "integrator", (3,), decay=1 - 100 / 4096, gain=1, bias=0)

    def wire(source, target, pre, post, mantissa, delay, exponent):
        weight = np.ldexp(mantissa.astype(float), exponent)
        return Projection(source, target, pre, post, weight, delay, exponent)

    wires = (
        wire("in", "x", every, every, r.integers(60, 256, neurons), 1 + every % 3, exponents[0]),
        wire(
            "x",
            "x",
            pairs % neurons,
            pairs // neurons,
            2 * r.integers(-60, 75, len(pairs)),
            r.integers(1, delays + 1, len(pairs)),
            exponents[1],
        ),
        wire("x", "out", every, every % 3, -r.integers(1, 256, neurons), np.ones(neurons, int), -1),
    )
    parts = (Population("in", "input", (neurons,)), x, out)
    graph = EventGraph(parts, wires, ("x", "out"), dt=1e-3, hop=1, arithmetic="loihi2")
    return with_golden(graph, {"in": (r.random((steps, samples, neurons)) < 0.2) * 1.0})


def by_the_equations(graph, x):
    """Spikes of one sample, neuron by neuron, in Python's unbounded integers."""
    steps, names = len(x), [p.name for p in graph.populations if p.kind != "input"]
    sent = {"in": x.astype(int)} | {
        name: np.zeros((steps, graph.population(name).size), int) for name in names
    }
    v = {name: [0] * graph.population(name).size for name in names}
    current = {name: [0] * graph.population(name).size for name in names}
    for t in range(steps):
        for name in names:
            p = graph.population(name)
            for n in range(p.size):
                a = 0
                for q in graph.projections_into(name):
                    groups: dict[int, int] = {}
                    for i, j, w, d in zip(q.pre, q.post, q.weight, q.delay, strict=True):
                        if j == n and t >= d and sent[q.source][t - d, i]:
                            m = round(float(np.ldexp(w, -q.exponent)))
                            groups[int(d)] = groups.get(int(d), 0) + m
                    a += sum(int(np.floor(m * 2.0**q.exponent)) for m in groups.values())
                u = 64 * a
                if p.kind == "cuba":
                    product = current[name][n] * round(float(p.synapse_decay[n]) * 4096)
                    u += abs(product) // 4096 * (1 if product >= 0 else -1)
                u = u - 2**24 if u > 2**23 else u + 2**24 if u <= -(2**23) else u
                current[name][n] = u
                product = v[name][n] * round(float(p.decay[n]) * 4096)
                kept = abs(product) // 4096 * (1 if product >= 0 else -1)
                h = kept + u + round(float(p.bias[n]) * 64)
                h = max(-(2**23) + 1, min(2**23 - 1, h))
                if p.spiking and h > 64 * p.threshold[n]:
                    sent[name][t, n], h = 1, 0
                v[name][n] = h
    return {name: sent[name] == 1 for name in names if graph.population(name).spiking}, v
