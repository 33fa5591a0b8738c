"""Graphs with golden runs for the tests of the back ends."""

from dataclasses import replace

import numpy as np
import torch

from axonal import deploy, neuro
from axonal.deploy import EventGraph, Golden, Population, Projection


def with_golden(graph, inputs, seed=0):
    """The graph with a golden run of the reference executor."""
    found = deploy.run(graph, inputs)
    rasters = {name: found.raster(name) for name in found.spikes}
    readout = {k: v for k, v in found.readout.items() if k in graph.outputs}
    return replace(graph, golden=Golden(inputs, rasters, readout, seed))


def loop(
    neurons=40, fan=10, steps=60, samples=3, delays=6, rate=0.15, decay=29 / 32, seed=0, **cell
):
    """A driven, recurrent population with delays from 1 on, a bias and a readout."""
    r = np.random.default_rng(seed)
    bias = r.integers(0, 200, neurons) / 1024
    cell = {"gain": 1, "bias": bias, "threshold": 1.0, **cell}
    pre = np.repeat(np.arange(neurons), fan)
    post = r.integers(0, neurons, neurons * fan)
    weight = np.rint(r.normal(30, 90, neurons * fan)) / 1024
    every = np.arange(neurons)
    wires = (
        Projection("x", "x", pre, post, weight, r.integers(1, delays + 1, len(pre))),
        Projection("in", "x", every, every, np.full(neurons, 0.625), r.integers(0, 3, neurons)),
        Projection("x", "out", every, every % 4, np.full(neurons, 1 / 16), np.zeros(neurons, int)),
    )
    parts = (
        Population("in", "input", (neurons,)),
        Population("x", "lif", (neurons,), decay=decay, **cell),
        Population("out", "integrator", (4,), decay=0.875, gain=1, bias=0.25),
    )
    graph = EventGraph(parts, wires, ("out", "x"), dt=1e-3)
    x = (r.random((steps, samples, neurons)) < rate) * 1.0
    return with_golden(graph, {"in": x}, seed)


def trained_loop(neurons=1000, fan=100, steps=300, seed=0):
    """A torch network: a LIF in a loop of delays 1 to 15, exported with its float64 golden run."""
    torch.manual_seed(seed)
    mask = torch.zeros(neurons, neurons)
    mask.scatter_(1, torch.rand(neurons, neurons).argsort(1)[:, :fan], 1)
    back = neuro.DelayedLinear(neurons, neurons, 14, mask=mask)
    body = neuro.LIF(neurons, 32 / 3, decay="euler")
    net = neuro.Sequential(
        {
            "drive": neuro.Linear(20, neurons, bias=True),
            "loop": neuro.Recurrent(body, back, 1, size=neurons),
        }
    )
    with torch.no_grad():
        back.weight.copy_(torch.randn(neurons, neurons) * 0.05 - 0.005)
        net.drive.weight.uniform_(0, 0.1)
        net.drive.bias.uniform_(0, 0.1)
    x = (torch.rand(steps, 1, 20) < 0.1).double()
    return deploy.export(net, dt=1e-3, inputs=x)
