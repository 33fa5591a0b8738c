"""NIR graphs and event graphs for the tests of the exchange."""

import itertools

import nir
import numpy as np
from hypothesis import strategies as st

from axonal import deploy
from axonal.deploy import EventGraph, Population, Projection
from helpers.event_graphs import with_golden

DT = 1e-3
GRID = 64
"""Weights are multiples of 1 / GRID, so that sums are exact in any order."""


def on_grid(rng, *shape):
    return np.rint(rng.normal(0.25, 0.7, shape) * GRID) / GRID


def fires(graph, x):
    run = deploy.run(graph, x)
    return {name: run.raster(name) for name in run.spikes}, run.readout


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def lif(n, tau=4 * DT, **fields):
    numbers = {"tau": tau, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0, **fields}
    return nir.LIF(**{name: np.full(n, x, dtype=np.float64) for name, x in numbers.items()})


def chain(*nodes, shape=(2,), metadata=None):
    """Nodes one after another between an Input and an Output, the k-th of them named node_k."""
    named = {f"node_{k}": node for k, node in enumerate(nodes)}
    every = {"input": nir.Input(np.array(shape)), **named, "output": nir.Output(None)}
    names = list(every)
    edges = list(itertools.pairwise(names))
    return nir.NIRGraph(every, edges, metadata or {"dt": DT}, type_check=False)


def population(**fields):
    cell = {"kind": "lif", "decay": 0.5, "gain": 1, "bias": 0, "threshold": 1, **fields}
    parts = (Population("in", "input", (2,)), Population("out", shape=(2,), **cell))
    wires = (Projection("in", "out", [0, 1], [0, 1], [1.0, 1.0], [0, 0]),)
    return EventGraph(parts, wires, ("out",), DT)


@st.composite
def graphs(draw):
    """Graphs of any populations that NIR has, with delays, skips, loops and constants."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = [Population("x.in", "input", (draw(st.integers(1, 4)),))]
    if draw(st.booleans()):
        parts.append(Population("always on", "constant", (1,)))
    for k in range(draw(st.integers(1, 3))):
        shape = draw(st.sampled_from([(1,), (3,), (2, 2)]))
        n = int(np.prod(shape))
        kind = draw(st.sampled_from(["lif", "lif", "cuba"]))
        bias = on_grid(rng, n) / 4 if draw(st.booleans()) else 0
        cell = {"gain": rng.uniform(0.5, 1.5, n), "bias": bias, "threshold": rng.uniform(0.3, 2, n)}
        if kind == "cuba":
            cell["synapse_decay"] = rng.uniform(0, 0.99, n)
        decay = 1.0 if kind == "lif" and draw(st.booleans()) else rng.uniform(0, 0.999, n)
        parts.append(Population(f"layer/{k}", kind, shape, decay=decay, **cell))
    neurons = [p for p in parts if p.kind in ("lif", "cuba")]
    outputs = [neurons[-1].name]
    if draw(st.booleans()):
        decay = draw(st.sampled_from([0.0, 0.5, 1.0]))
        readout = Population("readout", "integrator", (2,), decay=decay, gain=1, bias=0.25)
        parts.append(readout)
        neurons.append(readout)
        outputs.insert(draw(st.integers(0, 1)), "readout")
    wires = []
    for k, p in enumerate(parts):
        for q in neurons:
            later = parts.index(q) > k
            if p.kind == "integrator" or not (draw(st.integers(0, 2)) or parts.index(q) == k + 1):
                continue
            size = rng.integers(0, p.size * q.size + 1)
            chosen = rng.permutation(p.size * q.size)[:size]
            pre, post = chosen % p.size, chosen // p.size
            least = 0 if later else 1
            per_source = rng.integers(least, 5, p.size)[pre]
            delay = {
                "one": np.full(size, rng.integers(least, 4)),
                "source": per_source,
                "synapse": rng.integers(least, 5, size),
            }[draw(st.sampled_from(["one", "source", "synapse"]))]
            wires.append(Projection(p.name, q.name, pre, post, on_grid(rng, size) * 2, delay))
    x = (rng.random((12, 2, parts[0].size)) < 0.6) * 1.0
    graph = EventGraph(tuple(parts), tuple(wires), tuple(outputs), DT, info={"a": [1, "é"]})
    return with_golden(graph, {"x.in": x})


def neuron(kind, n, rng, rest=0.0):
    """A node whose numbers are exact in binary: dt = 2^-10."""
    dt = 2.0**-10
    tau = dt * 2.0 ** rng.integers(0, 4, n)
    free = {"v_leak": np.full(n, rest)} if kind != "IF" else {}
    level = {"v_threshold": rest + rng.integers(1, 8, n) / 4, "v_reset": np.full(n, rest)}
    r = 2.0 ** rng.integers(-1, 2, n)
    if kind == "IF":
        return nir.IF(r=r / dt, **level)
    if kind == "LIF":
        return nir.LIF(tau=tau, r=r, **free, **level)
    syn = dt * 2.0 ** rng.integers(0, 3, n)
    return nir.CubaLIF(tau_mem=tau, tau_syn=syn, r=r, w_in=syn / dt, **free, **level)


@st.composite
def foreign(draw):
    """Flat NIR graphs as others write them, with the connections that close a loop."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = [int(rng.integers(1, 5)) for _ in range(draw(st.integers(2, 4)))]
    nodes = {"input": nir.Input(np.array([sizes[0]]))}
    for k, n in enumerate(sizes[1:]):
        rest = draw(st.sampled_from([0.0, 0.25, -0.5]))
        nodes[f"n{k}"] = neuron(draw(st.sampled_from(["IF", "LIF", "CubaLIF"])), n, rng, rest)
    names, edges, late, waits = list(nodes), [], set(), {}
    # skips into a loop leave open where it is entered
    skips = draw(st.booleans())
    chain = [(a, a + 1) for a in range(len(names) - 1)]
    others = [
        (a, b)
        for a in range(len(names))
        for b in range(1, len(names))
        if (a, b) not in chain and (b > a + 1 if skips else b <= a) and draw(st.booleans())
    ]
    for a, b in chain + others:
        last, key = names[a], f"{names[a]}_{names[b]}"
        path = []
        waits[a, b] = draw(st.booleans())
        if waits[a, b]:
            least = 0 if skips else 1
            path.append(("d_", nir.Delay(rng.integers(least, 4, sizes[a]) * 2.0**-10)))
        if draw(st.booleans()):
            path.append(("s_", nir.Scale(2.0 ** rng.integers(-1, 2, sizes[a]))))
        weight, bias = on_grid(rng, sizes[b], sizes[a]), on_grid(rng, sizes[b])
        path.append(("w_", nir.Affine(weight, bias) if draw(st.booleans()) else nir.Linear(weight)))
        for prefix, node in path:
            nodes[prefix + key] = node
            edges.append((last, prefix + key))
            last = prefix + key
        edges.append((last, names[b]))
        if b <= a and not any(waits[k, k + 1] for k in range(b, a)) and not waits[a, b]:
            late.add((last, names[b]))
    nodes["output"] = nir.Output(np.array([sizes[-1]]))
    edges.append((names[-1], "output"))
    x = (rng.random((8, 2, sizes[0])) < 0.6) * 1.0
    graph = nir.NIRGraph(dict(sorted(nodes.items())), edges, type_check=False)
    return graph, late, x
