"""Graphs in SpiNNaker's whole numbers for the tests."""

import numpy as np

from axonal.deploy import EventGraph, Population, Projection
from helpers.event_graphs import with_golden


def whole(seed, exponent=-9, neurons=12, fan=4, steps=30, delays=6, top=3000, refractory=0):
    """A recurrent graph in SpiNNaker's whole numbers: weights of both signs, any decay."""
    r = np.random.default_rng(seed)
    every, pairs = np.arange(neurons), neurons * fan
    decay = r.integers(0, 2**15 - 1, neurons) / 2**15
    cell = Population(
        "x",
        "lif",
        (neurons,),
        decay=decay,
        gain=1 - decay,
        bias=0,
        threshold=r.integers(1, 2 * top, neurons) * 2.0**exponent,
        refractory=refractory,
    )
    out = Population("out", "integrator", (3,), decay=0.75, gain=0.25, bias=0)

    def wire(source, target, pre, post, low, delay, exponent):
        weight = np.ldexp(r.integers(low, top, len(pre)).astype(float), exponent)
        return Projection(source, target, pre, post, weight, delay, exponent)

    pre, post = r.integers(0, neurons, pairs), r.integers(0, neurons, pairs)
    late = r.integers(1, delays + 1, pairs)
    wires = (
        wire("in", "x", every, every, 1, 1 + every % 3, exponent),
        wire("x", "x", pre, post, -top, late, exponent),
        wire("x", "out", every, every % 3, -top, np.ones(neurons, int), -12),
    )
    parts = (Population("in", "input", (neurons,)), cell, out)
    graph = EventGraph(parts, wires, ("x", "out"), dt=1e-3, hop=1, arithmetic="spinnaker")
    return with_golden(graph, {"in": (r.random((steps, 1, neurons)) < 0.3) * 1.0})
