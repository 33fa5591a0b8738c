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


def currents(seed=0, neurons=40, refractory=0, shortest=2, grid=False):
    """Neurons with a current in a loop, others behind them, and readouts behind a current.

    On a grid weights and decays are short binary fractions.
    """
    r = np.random.default_rng(seed)
    n, every = neurons, np.arange(neurons)
    others = [] if grid else r.uniform(0.1, 0.99, 8).tolist()
    decay = r.choice([0.0, 0.5, 0.75, 29 / 32, 1.0, *others], n)
    synapse = r.choice([0.0, 0.25, 0.625, *others], n)
    synapse[(decay == synapse) & (decay == 0)] = 0.25  # these keep nothing, and are lif
    synapse[-8:] = decay[-8:] = r.choice([0.75, 29 / 32, 1.0], 8)
    pre, post = np.repeat(every, 8), r.integers(0, n, 8 * n)
    weight = r.integers(-2, 4, len(pre)) / 8 if grid else r.normal(0.02, 0.1, len(pre))
    wires = (
        Projection("x", "x", pre, post, weight, r.integers(shortest, 7, len(pre))),
        Projection("in", "x", every, every, np.full(n, 0.75), r.integers(0, 3, n)),
        Projection("x", "y", pre, post, 2 * weight, r.integers(0, 4, len(pre))),
        Projection("y", "out", every, every % 4, r.normal(0, 1, n), np.zeros(n, int)),
        Projection("x", "out", every, every % 4, r.normal(0, 1, n), np.zeros(n, int)),
    )
    cell = {"decay": decay, "gain": r.choice([0.25, 0.5, 1.0], n), "threshold": 1.0}
    bias = np.zeros(n) if grid else r.uniform(0, 0.05, n)
    slow = {"synapse_decay": synapse, "refractory": refractory}
    last = {"decay": 0.875, "gain": 0.5, "bias": 0.25, "synapse_decay": 0.7}
    parts = (
        Population("in", "input", (n,)),
        Population("x", "cuba", (n,), **cell, **slow, bias=bias),
        Population("y", "lif", (n,), **cell, bias=4 * bias),
        Population("out", "current_integrator", (4,), **last),
    )
    graph = EventGraph(parts, wires, ("out", "x", "y"), dt=1e-3)
    return with_golden(graph, {"in": (r.random((60, 3, n)) < 0.2) * 1.0}, seed)


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
