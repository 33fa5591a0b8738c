"""Networks that cross as NIR files: `exchanged_networks.py FRAMEWORK CASES`.

Runs in the environment of the peers and prints JSON: for every random network, in how many of how
many cells its output spikes differ, "out" from a graph of ours through a file and the importer of
the framework, "in" from its own exporter through a file to a graph of ours.
"""

import contextlib
import io
import json
import random
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import nir
import numpy as np
import torch
from torch import nn

from axonal import deploy
from axonal.deploy import EventGraph, Population, Projection

DT, STEPS, BATCH = 1e-4, 40, 3
UNDECIDED = {"float64": 1e-9, "float32": 2e-5}
warnings.simplefilter("ignore")  # what a framework says at import is not ours to answer


def weights(rng, exact, *shape):
    """Weights large enough to fire, and multiples of 1/4 where sums are to be exact."""
    values = rng.normal(0.3, 1.2, shape)
    return np.rint(values * 4) / 4 if exact else values


class Drawn:
    """Random choices of one network of ours that a framework can express."""

    def __init__(self, framework, seed, exact):
        self.framework, self.exact = framework, exact
        self.rng = np.random.default_rng(seed)
        self.choose = random.Random(seed)

    def threshold(self):
        if self.exact:
            return self.choose.choice([0.5, 1.0])
        return self.rng.uniform(0.4, 1.5)

    def neurons(self, name, n):
        kinds = ["lif", "lif", "r = 1", "cuba"]
        kind = self.choose.choice([*kinds, "if"] if self.framework == "spikingjelly" else kinds)
        tau = self.choose.choice([2.0, 4.0]) if self.exact else self.rng.uniform(1.2, 20)
        decay = 1.0 if kind == "if" else 1 - 1 / tau
        gain = 1 - decay if kind == "r = 1" else 1.0
        cell = {"decay": decay, "gain": gain, "bias": 0, "threshold": self.threshold()}
        if kind == "cuba":
            share = 0.5 if self.exact else self.rng.uniform(0.1, 0.9)
            return Population(name, "cuba", (n,), synapse_decay=share, **cell)
        return Population(name, "lif", (n,), **cell)

    def wire(self, pre, post, delay=0):
        matrix = weights(self.rng, self.exact, post.size, pre.size)
        rows, columns = (i.ravel() for i in np.indices(matrix.shape))
        steps = np.full(rows.size, delay)
        return Projection(pre.name, post.name, columns, rows, matrix.ravel(), steps)

    def graph(self):
        """Neurons one after another, with biases, skips and loops where the framework has them."""
        sizes = self.rng.integers(2, 8, self.rng.integers(2, 5)).tolist()
        parts = [Population("in", "input", (sizes[0],))]
        wires = []
        for k, n in enumerate(sizes[1:]):
            p = self.neurons(f"layer.{k}", n)
            if self.choose.random() < 0.5:
                bias = weights(self.rng, self.exact, n) / (1 if self.exact else 4)
                p = replace(p, bias=bias)
            wires.append(self.wire(parts[-1], p))
            if k and self.choose.random() < 0.3:
                wires.append(self.wire(parts[-2], p))
            if self.framework == "spikingjelly" and self.choose.random() < 0.4:
                wires.append(self.wire(p, p, 1))
            parts.append(p)
        return EventGraph(tuple(parts), tuple(wires), (parts[-1].name,), DT)


def silently(call, *arguments, **settings):
    with contextlib.redirect_stdout(io.StringIO()):
        return call(*arguments, **settings)


def importer(framework):
    if framework == "spikingjelly":
        from spikingjelly.activation_based.nir_exchange import import_from_nir

        return import_from_nir
    from snntorch.import_nir import import_from_nir

    return lambda graph, dtype: import_from_nir(graph)


def theirs(framework, file, x, dtype):
    """Output spikes of the network that a framework makes of a file."""
    net = silently(importer(framework), nir.read(file), dtype=dtype)
    state, made = None, []
    with torch.no_grad():
        for x_t in torch.as_tensor(x, dtype=dtype):
            y, state = net(x_t, state)
            made.append((y[0] if isinstance(y, tuple) else y).numpy())
    return np.stack(made) > 0


def output(graph, x):
    return deploy.run(graph, x).raster(graph.outputs[0])


def decided(graph, x, kind):
    """Whether no potential is so near its threshold that rounding decides."""
    runs = []
    for share in (1 - UNDECIDED[kind], 1, 1 + UNDECIDED[kind]):
        moved = [
            replace(p, threshold=p.threshold * share) if p.threshold.size else p
            for p in graph.populations
        ]
        run = deploy.run(replace(graph, populations=tuple(moved)), x)
        runs.append({name: run.raster(name) for name in run.spikes})
    return all(np.array_equal(run[name], runs[1][name]) for run in runs for name in run)


def compared(result, wanted, found):
    return result | {
        "cells": wanted.size,
        "spikes": int(wanted.sum()),
        "mismatches": int((wanted != found).sum()),
    }


def outward(framework, seed, kind, file):
    drawn = Drawn(framework, seed, kind == "exact")
    graph = drawn.graph()
    steps = 6 if drawn.exact else STEPS
    x = (drawn.rng.random((steps, BATCH, graph.populations[0].size)) < 0.5) * 1.0
    # snnTorch rounds thresholds to single precision, and fires above them
    deploy.to_nir(graph, file, precision="single" if framework == "snntorch" else "double")
    result = {"way": "out", "seed": seed, "kind": kind, "cuba": bool(graph.of_kind("cuba"))}
    if not drawn.exact and not decided(graph, x, kind):
        return result | {"undecided": True}
    dtype = torch.float64 if kind == "float64" else torch.float32
    back = deploy.run(deploy.from_nir(file), x).raster(graph.outputs[0])
    assert np.array_equal(back, output(graph, x))
    return compared(result, output(graph, x), theirs(framework, file, x, dtype))


def fill(layer, rng, exact):
    for parameter in layer.parameters():
        values = weights(rng, exact, *parameter.shape)
        share = 1 if exact or parameter.ndim > 1 else 4
        parameter.data = torch.as_tensor(values / share, dtype=parameter.dtype)
    return layer


def spikingjelly_layers(drawn, maps):
    from spikingjelly.activation_based import layer, neuron

    rng, choose, exact = drawn.rng, drawn.choose, drawn.exact

    def make():
        shared = {"v_threshold": drawn.threshold(), "v_reset": 0.0}
        tau = choose.choice([2.0, 4.0]) if exact else rng.uniform(1.2, 20)
        kind = choose.choice(["IFNode", "LIFNode", "LIFNode", "ParametricLIFNode", "CUBALIFNode"])
        if kind == "CUBALIFNode":
            shares = [0.5, 0.75] if exact else rng.uniform(0.1, 0.9, 2).tolist()
            return neuron.CUBALIFNode(c_decay=shares[0], v_decay=shares[1], **shared)
        shared["v_reset"] = choose.choice([0.0, -0.25, 0.25])
        if kind == "IFNode":
            return neuron.IFNode(**shared)
        if kind == "ParametricLIFNode":
            return neuron.ParametricLIFNode(2.0 if exact else tau, choose.random() < 0.5, **shared)
        return neuron.LIFNode(tau, choose.random() < 0.5, **shared)

    def connection(n, m):
        return fill(layer.Linear(n, m, bias=choose.random() < 0.5), rng, exact)

    if maps:
        conv = fill(layer.Conv2d(2, 3, 3, padding=1, stride=choose.choice([1, 2])), rng, exact)
        start = [conv, make(), layer.AvgPool2d(2, 2), layer.Flatten()]
    else:
        start = []
    return start, connection, lambda n: make()


def snntorch_layers(drawn, maps):
    import snntorch as snn

    rng, choose, exact = drawn.rng, drawn.choose, drawn.exact

    def make(n, maps=False):
        # its exporter asks for one number a neuron, of beta and threshold alike
        def factor():
            return torch.full((n,), 0.5 if exact else float(rng.uniform(0.3, 0.99)))

        shared = {
            "threshold": torch.full((n,), drawn.threshold()), "reset_mechanism": "zero",
            "init_hidden": True,
        }  # fmt: skip
        kind = choose.choice(["Leaky", "Leaky", "Synaptic", "RLeaky", "RSynaptic"])
        shared["reset_delay"] = kind == "RSynaptic"
        if kind == "Leaky":
            each = factor() if exact else torch.as_tensor(rng.uniform(0.3, 0.99, n)).float()
            return snn.Leaky(each, **shared)
        if kind == "Synaptic":
            return snn.Synaptic(factor(), factor(), **shared)
        loop = {"linear_features": n}
        if choose.random() < 0.5:
            loop = {"all_to_all": False, "V": torch.as_tensor(weights(rng, exact, n)).float()}
        made = (
            snn.RLeaky(factor(), **loop, **shared)
            if kind == "RLeaky"
            else snn.RSynaptic(factor(), factor(), **loop, **shared)
        )
        if "V" not in loop:
            fill(made.recurrent, rng, exact)
        return made

    def connection(n, m):
        return fill(nn.Linear(n, m, bias=choose.random() < 0.5), rng, exact)

    start = []
    if maps:
        conv = fill(nn.Conv2d(2, 3, 3, padding=1, stride=choose.choice([1, 2])), rng, exact)
        start = [conv, nn.AvgPool2d(2), nn.Flatten()]
    return start, connection, make


def written(framework, net, shape, file):
    """Let a framework write its network to a file."""
    if framework == "spikingjelly":
        from spikingjelly.activation_based.nir_exchange import export_to_nir

        graph = silently(export_to_nir, net, torch.zeros(1, *shape, dtype=torch.float64), dt=DT)
    else:
        from snntorch.export_nir import export_to_nir

        graph = silently(export_to_nir, net, torch.zeros(1, *shape), ignore_dims=[0])
    nir.write(file, graph)


def inward(framework, seed, kind, file):
    exact = kind == "exact"
    torch.manual_seed(seed)
    drawn = Drawn(framework, seed, exact)
    maps = drawn.choose.random() < 0.3
    layers = spikingjelly_layers if framework == "spikingjelly" else snntorch_layers
    start, connection, make = layers(drawn, maps)
    shape = (2, 6, 6) if maps else (int(drawn.rng.integers(2, 7)),)
    with torch.no_grad():
        n = nn.Sequential(*start)(torch.zeros(1, *shape)).numel() if maps else shape[0]
    chain = list(start)
    for m in drawn.rng.integers(2, 8, drawn.rng.integers(1, 4)).tolist():
        chain += [connection(n, m), make(m)]
        n = m
    dtype = torch.float64 if framework == "spikingjelly" and not exact else torch.float32
    net = nn.Sequential(*chain).to(dtype)
    steps = 6 if exact else STEPS
    x = (drawn.rng.random((steps, BATCH, *shape)) < 0.5) * 1.0
    kinds = [type(layer).__name__ for layer in chain]
    result = {"way": "in", "seed": seed, "kind": kind, "layers": kinds}
    written(framework, net.double() if framework == "spikingjelly" else net, shape, file)
    graph = deploy.from_nir(file, DT, at_threshold=framework == "spikingjelly")
    if not exact and not decided(graph, x, kind):
        return result | {"undecided": True}
    made = stepped(net.to(dtype), torch.as_tensor(x, dtype=dtype))
    return compared(result, made.numpy() > 0, output(graph, x))


def stepped(net, x):
    """Output of a chain over time."""
    states = [None] * len(net)
    for layer in net:
        restart = getattr(layer, "reset_mem", getattr(layer, "reset", None))
        if restart is not None:
            restart()
    made = []
    with torch.no_grad():
        for x_t in x:
            for k, layer in enumerate(net):
                if type(layer).__name__ == "RSynaptic":
                    x_t, states[k] = loop_step(layer, x_t, states[k])
                else:
                    x_t = layer(x_t)
            made.append(x_t)
    return torch.stack(made)


def loop_step(layer, x, state):
    """NIR's equations with the numbers of an RSynaptic.

    snnTorch 1.0.0 writes a reset within the step, which this neuron fails to run.
    """
    spikes, current, v = (torch.zeros_like(x),) * 3 if state is None else state
    current = layer.alpha * current + x + layer.recurrent(spikes)
    v = layer.beta * v + current
    spikes = (v > layer.threshold).to(x.dtype)
    return spikes, (spikes, current, v * (1 - spikes))


def loops(framework, seed, kind, file):
    """One file of neurons with skips and loops, read by the framework and by us."""
    rng = np.random.default_rng(seed)
    count, n = int(rng.integers(2, 5)), 4
    names = ["input", *(f"n{k}" for k in range(count))]
    nodes = {"input": nir.Input(np.array([n])), "output": nir.Output(np.array([n]))}
    for name in names[1:]:
        numbers = {"tau": 4 * DT, "r": 4.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0}
        nodes[name] = nir.LIF(**{key: np.full(n, value) for key, value in numbers.items()})
    edges = [(names[-1], "output")]
    for a, source in enumerate(names):
        for b, target in enumerate(names[1:], 1):
            if b == a + 1 or rng.random() < 0.2:
                key = f"{source}_to_{target}"
                nodes[key] = nir.Linear(np.rint(rng.normal(0.3, 0.7, (n, n)) * 64) / 64)
                edges += [(source, key), (key, target)]
    nir.write(file, nir.NIRGraph(nodes, edges))
    result = {"way": "loops", "seed": seed, "kind": kind}
    x = (rng.random((STEPS, BATCH, n)) < 0.4) * 1.0
    try:
        ours = output(deploy.from_nir(file, DT, at_threshold=True), x)
    except deploy.NIRError as error:
        return result | {"undecided": True, "refused": str(error)}
    try:
        return compared(result, theirs(framework, file, x, torch.float64), ours)
    except RuntimeError as error:  # some of its loops do not run
        return result | {"undecided": True, "failed": str(error)}


def main():
    torch.set_num_threads(1)
    framework, cases = sys.argv[1], int(sys.argv[2])
    kinds = ("float32", "exact") if framework == "snntorch" else ("float64", "float32", "exact")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            for seed in range(cases):
                file = Path(folder) / "net.nir"
                found += [way(framework, seed, kind, file) for way in (outward, inward)]
                if kind == "float64":
                    found.append(loops(framework, seed, kind, file))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
