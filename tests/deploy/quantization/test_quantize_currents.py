"""Current-based neurons on Loihi 2: the equations, Lava's models, and what quantising loses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.event_graphs import with_golden
from helpers.loihi_integers import by_the_equations, whole
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal import deploy, neuro
from axonal.deploy import (
    EventGraph,
    GraphError,
    Population,
    Projection,
    QuantizeError,
    quantize,
    run,
    verify,
)
from axonal.deploy.executor.float_executor import Executor


def currents(seed, exponents, neurons=24, **more):
    """The random graph of test_quantize, with a decay of its own for the current of each neuron."""
    r = np.random.default_rng(seed)
    synapse = 1 - (r.choice([0, 1, 40, 700, 2500, 4095], neurons) + 1) / 4096
    threshold = r.integers(200, 4000, neurons)
    own = {"kind": "cuba", "bias": 0, "synapse_decay": synapse, "threshold": threshold}
    return whole(seed, exponents, neurons, **{**own, **more})


# currents that pile up wrap, which is part of what is compared
wraps = pytest.mark.filterwarnings("ignore:population 'x' held:axonal.deploy.RangeWarning")


@wraps
@settings(max_examples=15)
@given(st.integers(0, 2**32), st.sampled_from([(0, 0), (1, -1), (-2, 0), (7, 7), (-8, 3)]))
def test_the_executor_equals_the_equations(seed, exponents):
    graph = currents(seed, exponents, neurons=5, fan=4, steps=25, delays=6)
    found = run(graph, graph.golden.inputs)
    rasters, v = by_the_equations(graph, graph.golden.inputs["in"][:, 0])
    np.testing.assert_array_equal(found.raster("x")[:, 0], rasters["x"])
    np.testing.assert_array_equal(found.state.v[0, :5], v["x"])


@pytest.mark.slow
@wraps
@pytest.mark.parametrize("exponents", [(1, -1), (-2, 0)])
def test_300_steps_with_delays_0_to_62_equal_lavas_fixed_point_models(exponents):
    found = verify(currents(1, exponents), ("lava",))
    assert found.passed and found.mismatches == 0, str(found)
    assert found.spikes > 100


def test_currents_that_pile_up_wrap_as_on_the_chip():
    with pytest.warns(deploy.RangeWarning):
        graph = currents(3, (7, 7), neurons=12, steps=40, delays=3)
    assert verify(graph, ("lava",)).passed


@pytest.fixture(scope="module")
def network():
    """A trained-like network of current-based neurons with a delay and a readout."""
    torch.manual_seed(0)
    hidden = neuro.CuBaLIF(40, 6.0, 4.0, decay_input=True, threshold=0.5)
    net = neuro.Sequential(
        {
            "fc": neuro.Linear(16, 40, bias=True), "hidden": hidden,
            "late": neuro.DelayedLinear(40, 8, 10), "out": neuro.CuBaLIF(8, 5.0, 3.0),
        }
    )  # fmt: skip
    with torch.no_grad():
        net.fc.weight.mul_(4)
        net.late.weight.mul_(3)
    return deploy.export(net, dt=1e-3, steps=100, samples=4)


@pytest.mark.slow
def test_a_quantised_network_fires_nearly_the_same_and_in_lava_exactly_the_same(network):
    rounded = quantize(network, "loihi2")
    for row in rounded.info["quantization"]["populations"]:
        cells = network.golden.spikes[row["population"]].size
        assert row["spikes"] > 100 and row["difference"] < 0.02 * cells
    assert rounded.info["quantization"]["overflows"] == 0
    found = verify(rounded, ("reference", "lava"))
    assert found.passed and found.mismatches == 0, str(found)
    decay = rounded.population("hidden").synapse_decay
    np.testing.assert_array_equal(decay * 4096, np.rint(decay * 4096))


def test_fine_tuning_runs_the_currents_of_the_chip_and_learns_through_them(network):
    rounded, module = quantize(network, "loihi2"), deploy.fake_quantize(network, "loihi2")
    (spikes,) = module(torch.tensor(network.golden.inputs["x"]))
    np.testing.assert_array_equal(spikes.detach().numpy() == 1, rounded.golden.spikes["out"])
    spikes.mean().backward()
    for weight in module.weights:
        assert torch.isfinite(weight.grad).all()
        assert weight.grad.abs().max() > 0
    with torch.no_grad():
        module.weights[0].add_(1.0)
    moved = module.graph()
    assert verify(moved).passed
    (spikes,) = module(torch.tensor(network.golden.inputs["x"]))
    np.testing.assert_array_equal(spikes.detach().numpy() == 1, moved.golden.spikes["out"])


def test_lava_in_floating_point_fires_the_spikes_of_the_network(network):
    found = verify(network, ("lava",))
    assert found.passed and found.spikes > 500, str(found)


def test_it_is_placed_and_its_energy_is_counted_on_loihi(network):
    rounded = quantize(network, "loihi2")
    counts = deploy.energy(rounded, "loihi2", sanafe=False).counts
    steps = rounded.golden.samples * (rounded.golden.steps + rounded.max_latency)
    assert counts["neuron updates"] == 48 * steps
    fired = sum(raster.sum() for raster in rounded.golden.spikes.values())
    assert counts["spikes"] == fired > 500


def test_what_the_chip_has_no_form_for_is_refused_by_name(network):
    graph = currents(1, (0, 0), steps=5)
    x = graph.population("x")

    def changed(**fields):
        parts = tuple(replace(p, **fields) if p is x else p for p in graph.populations)
        return replace(graph, populations=parts)

    for fields, text in (
        ({"synapse_decay": 1.0}, r"du = 4096 \(1 - synapse_decay\) - 1 is -1 at 0, expected"),
        ({"synapse_decay": 0.3}, "is 2866.2 at 0, expected a whole number from 0 to 4095"),
        ({"bias": 1.0}, "a bias joins the membrane there; retime makes it an always-on source"),
        ({"refractory": 2}, "is not refractory"),
    ):
        with pytest.raises(GraphError, match=text):
            changed(**fields)
    with pytest.raises(QuantizeError, match="'hidden' is of kind cuba"):
        deploy.fake_quantize(network, "spinnaker")
    with pytest.raises(QuantizeError, match="'hidden' is of kind cuba"):
        quantize(network, "spinnaker")
    cells = [
        replace(p, synapse_decay=np.full(40, 1.5)) if p.name == "hidden" else p
        for p in network.populations
    ]
    wide = replace(network, populations=tuple(cells), golden=None)
    with pytest.raises(ValueError, match=r"decay of its current outside \[0, 1\], 1.5 at neuron 0"):
        run(wide, network.golden.inputs, backend="lava")
    with pytest.raises(QuantizeError, match="'hidden' has decays of currents outside 0 to 1"):
        quantize(replace(wide, golden=network.golden), "loihi2")
    with pytest.raises(ValueError, match="Executor takes float64 graphs"):
        Executor(graph)


def test_a_tiny_bias_of_the_readout_does_not_silence_the_layer_before_it():
    torch.manual_seed(0)
    net = neuro.Sequential(
        {
            "fc": neuro.Linear(20, 40), "a": neuro.LIF(40, 5.0, reset="zero", threshold=0.3),
            "fc2": neuro.Linear(40, 10, bias=True), "out": neuro.LeakyIntegrator(10, 20.0),
        }
    )  # fmt: skip
    with torch.no_grad():
        net.fc.weight.abs_()
        net.fc2.bias.mul_(0.005)
    rounded = quantize(deploy.export(net, dt=1e-3, steps=100), "loihi2")
    hidden, readout = rounded.info["quantization"]["populations"]
    assert hidden["spikes"] > 5000
    assert hidden["difference"] < 0.01 * hidden["spikes"]
    assert readout["difference"] < 0.02
    assert rounded.info["quantization"]["warnings"] == []


def test_a_population_that_is_ruined_is_warned_of_by_name():
    # beside a weight that nothing uses, 8 bits leave nothing of the one that makes it fire
    cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=0.5)
    wire = Projection("in", "out", [0, 1], [0, 0], [1e6, 1.0], [0, 0])
    graph = EventGraph((Population("in", "input", (2,)), cell), (wire,), ("out",), dt=1e-3)
    graph = with_golden(graph, {"in": np.tile([0.0, 1.0], (20, 1, 1))})
    assert graph.golden.spikes["out"].all()
    said = "population 'out' is not what it was: 20 cells differ for 20 spikes of the float network"
    with pytest.warns(deploy.RangeWarning, match=said):
        ruined = quantize(graph, "loihi2")
    assert ruined.info["quantization"]["warnings"] == [said]


def test_a_stream_in_integers_keeps_its_currents():
    graph = currents(1, (0, 0), steps=60, delays=9)
    x, whole_run = graph.golden.inputs["in"], run(graph, graph.golden.inputs)
    first = run(graph, x[:23])
    second = run(graph, x[23:], state=first.state)
    raster = np.concatenate([first.raster("x"), second.raster("x")])
    np.testing.assert_array_equal(raster, whole_run.raster("x"))
    np.testing.assert_array_equal(second.state.u, whole_run.state.u)
    assert np.any(second.state.u)
