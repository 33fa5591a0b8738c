"""A graph of several kinds of neurons with a golden run."""

from dataclasses import replace

import numpy as np

from axonal.deploy import EventGraph, Golden, Population, Projection, run


def example(seed=0, grid=8, synapses=80, golden=True, dt=0.001):
    r = np.random.default_rng(seed)
    feed = Projection(
        "in",
        "net.hidden",
        r.integers(0, 6, synapses),
        r.integers(0, 12, synapses),
        r.integers(-grid, 2 * grid, synapses) / grid,
        r.integers(0, 5, synapses),
    )
    loop = Projection("net.hidden", "net.hidden", [0, 5, 3], [1, 1, 0], [1, -0.5, 0.25], [1, 2, 9])
    read = Projection("net.hidden", "out", range(12), [0, 1, 2] * 4, [0.5] * 12, [0] * 12)
    bias = Projection("one", "net.hidden", [0], [3], [0.125], [2])
    hidden = Population(
        "net.hidden",
        "lif",
        (3, 4),
        decay=r.uniform(0.5, 1, 12),
        gain=1,
        bias=0,
        threshold=r.uniform(0.5, 1, 12),
        reset="subtract",
        refractory=1,
    )
    cuba = Population(
        "net.cuba", "cuba", (2,), decay=0.75, gain=[0.25, 1], bias=0.125, threshold=0.5,
        synapse_decay=r.uniform(0, 1, 2), refractory=2,
    )  # fmt: skip
    further = Projection("net.hidden", "net.cuba", [0, 7, 11], [0, 1, 1], [0.5, 1, 0.25], [0, 1, 3])
    populations = (
        Population("in", "input", (2, 3)),
        Population("one", "constant", (1,)),
        hidden,
        cuba,
        Population("out", "integrator", (3,), decay=0.9, gain=[1, 0.5, 1 / 3], bias=0.25),
    )
    info = {"recipe": "made up", "classes": ["a", "β"], "scale": 0.1}
    wires = (feed, loop, read, bias, further)
    graph = EventGraph(populations, wires, ("out", "net.hidden"), dt, info)
    if not golden:
        return graph
    x = (r.random((20, 3, 6)) < 0.4) * 1.0
    found = run(graph, x)
    spikes = {name: found.raster(name) for name in found.spikes}
    return replace(graph, golden=Golden({"in": x}, spikes, found.readout, seed))


def same_graph(one, other):
    fields = ("decay", "gain", "bias", "threshold", "synapse_decay")
    for p, q in zip(one.populations, other.populations, strict=True):
        assert (p.name, p.kind, p.shape) == (q.name, q.kind, q.shape)
        assert (p.reset, p.refractory) == (q.reset, q.refractory)
        for name in fields:
            np.testing.assert_array_equal(getattr(p, name), getattr(q, name))
    assert (one.outputs, one.dt, one.info) == (other.outputs, other.dt, other.info)
    assert (one.golden is None) == (other.golden is None)
    if one.golden is not None:
        assert one.golden.seed == other.golden.seed
        for part in ("inputs", "spikes", "readout"):
            assert set(getattr(one.golden, part)) == set(getattr(other.golden, part))
            for name, x in getattr(one.golden, part).items():
                np.testing.assert_array_equal(x, getattr(other.golden, part)[name])
    x = np.random.default_rng(1).random((30, 2, 6)).round(2)
    first, second = run(one, x), run(other, x)
    for name in ("net.hidden", "net.cuba"):
        np.testing.assert_array_equal(first.raster(name), second.raster(name))
    np.testing.assert_array_equal(first.readout["out"], second.readout["out"])
    assert first.synaptic_events == second.synaptic_events > 0
