"""Numbers past the range of a chip or a simulator: the same cells, and nobody else's are lost."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.event_graphs import with_golden

from axonal import deploy
from axonal.deploy import EventGraph, Population, Projection, run, verify
from axonal.deploy.chips import loihi2, spinnaker

STEPS, NEURON = 90, 7
HIGHEST = 2**17 - 1
"""Of Loihi's thresholds, and so the highest membrane of its readouts that does not fire."""


def readouts(seed, drives=12):
    """Readouts that climb, fall and wander far beyond 24 bits, at many speeds."""
    r = np.random.default_rng(seed)
    every = np.arange(drives)
    parts = (
        Population("in", "input", (drives,)),
        Population(
            "out", "integrator", (drives,), gain=1,
            decay=1 - r.choice([0, 1, 40, 1000], drives) / 4096,
            bias=r.integers(-4000, 4000, drives) / 64,
        ),
    )  # fmt: skip
    wires = [
        Projection("in", "out", every, every, np.ldexp(m, e), 0 * every + 1, e)
        for e, m in (
            (7, 2.0 * r.integers(-128, 128, drives)),
            (4, r.integers(0, 256, drives) * 1.0),
        )
    ]
    graph = EventGraph(parts, wires, ("out",), dt=1e-3, hop=1, arithmetic="loihi2")
    return graph, (r.random((STEPS, 2, drives)) < 0.7) * 1.0


@pytest.mark.filterwarnings("ignore::axonal.deploy.RangeWarning")
@pytest.mark.parametrize("seed", [0])
def test_readouts_beyond_24_bits_hold_what_lava_holds(seed):
    graph, x = readouts(seed)
    ours, lavas = (run(graph, x, backend=name) for name in ("reference", "lava"))
    np.testing.assert_array_equal(ours.readout["out"], lavas.readout["out"])
    falls = (ours.readout["out"][1:] == 0) & (ours.readout["out"][:-1] > HIGHEST / 2)
    assert falls.any()  # some fired, and were reset
    assert (ours.readout["out"] * loihi2.UNIT <= 1 - loihi2.LARGEST).any()


def test_a_readout_of_spinnaker_is_reset_where_its_board_resets_it():
    cell = Population("out", "integrator", (2,), decay=0.5, gain=0.5, bias=0)
    wire = Projection("in", "out", [0, 0], [0, 1], [65535.0, 65534.0], [1, 1])
    parts = (Population("in", "input", (1,)), cell)
    graph = EventGraph(parts, (wire,), ("out",), 1e-3, hop=1, arithmetic="spinnaker")
    with pytest.warns(deploy.RangeWarning, match="'out' held 1 values .* a readout near 2\\^16"):
        v = run(graph, np.ones((40, 1, 1))).readout["out"][:, 0]
    fired = int(np.argmax(v[:, 0] == 0) if v[0, 0] else 1 + np.argmax(v[1:, 0] == 0))
    # as V >= 65535 of the neuron says, one step after the last below it
    assert spinnaker.READOUT == 65535 * spinnaker.UNIT - 1
    assert 65534 < v[fired - 1, 0] < 65535
    assert v[-1, 1] == 65534


def quieted(threshold, own=None):
    """Neurons that fire at 1 beside others that never do, or beside one of their own."""
    cell = {"decay": 0.75, "gain": 1, "bias": 0}
    r = np.random.default_rng(0)
    every = np.arange(20)
    level = np.full(20, 1.0) if own == "a" else 1.0
    if own == "a":
        level[3] = threshold
    parts = (
        Population("in", "input", (20,)),
        Population("a", "lif", (20,), threshold=level, **cell),
        Population("silent", "lif", (20,), threshold=threshold, **cell),
        Population("strong", "integrator", (1,), **cell),
        Population("out", "integrator", (20,), **cell),
    )
    wires = (
        Projection("in", "a", every, every, r.uniform(0.2, 0.9, 20), 1 + every % 3),
        Projection("in", "silent", every, every, r.uniform(0.2, 0.9, 20), 1 + every % 3),
        Projection("in", "strong", every, 0 * every, np.full(20, threshold), 1 + 0 * every),
        Projection("a", "out", every, every, r.uniform(1e-4, 2e-4, 20), 1 + 0 * every),
    )
    graph = EventGraph(parts, wires, ("a", "out", "strong"), dt=1e-3)
    return with_golden(graph, {"in": (r.random((60, 2, 20)) < 0.3) * 1.0})


@pytest.mark.parametrize("own", [None, "a"])
@pytest.mark.parametrize("threshold", [1e6, 1e30])
def test_a_neuron_that_never_fires_quiets_nobody_in_sanafe(threshold, own):
    graph = quieted(threshold, own)
    found = verify(graph, ("sanafe",))
    assert found.passed, str(found)
    assert graph.golden.spikes["a"][:, :, 4:].any((0, 1)).sum() > 10


def test_what_sanafe_cuts_membranes_to_is_told_of_the_neuron_that_differs():
    graph = quieted(1e6)
    spikes = dict(graph.golden.spikes)
    spikes["a"] = spikes["a"].copy()
    spikes["a"][40, 1, NEURON] ^= True
    wrong = replace(graph, golden=replace(graph.golden, spikes=spikes))
    (first,) = verify(wrong, ("sanafe",)).divergences
    assert (first.population, first.neuron) == ("a", NEURON)
    assert 0 < first.resolution < 1e-6
    cuts = run(graph, graph.golden.inputs, backend="sanafe").extra["parts"][0]["resolution"]
    assert cuts["a"] < 1e-6 < 1e-3 < cuts["silent"]
