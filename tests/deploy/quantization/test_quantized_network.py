"""Fine-tuning in the chip's arithmetic: what is trained is, to the spike, what is deployed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.event_graphs import loop, with_golden

from axonal import deploy, neuro, recipes
from axonal.deploy import EventGraph, Population, Projection, fake_quantize, quantize, run, verify
from axonal.recipes import digits


def scale(graph, name):
    rows = graph.info["quantization"]["populations"]
    return next(row["scale"] for row in rows if row["population"] == name)


@pytest.mark.parametrize("seed", range(4))
def test_the_forward_pass_is_the_integer_executor(seed):
    graph = loop(15, fan=6, steps=40, samples=2, seed=seed, decay=np.linspace(0, 1, 15))
    readout, spikes = fake_quantize(graph)(torch.tensor(graph.golden.inputs["in"]))
    whole = quantize(graph)
    np.testing.assert_array_equal(spikes.detach().numpy() == 1, whole.golden.spikes["x"])
    expected = whole.golden.readout["out"] / scale(whole, "out")
    np.testing.assert_allclose(readout.detach().numpy(), expected, rtol=1e-12)
    assert whole.golden.spikes["x"].sum() > 50


def test_an_untrained_module_gives_the_quantised_graph():
    graph = loop(15, fan=6, steps=20)
    found, expected = fake_quantize(graph).graph(), quantize(graph)
    for one, other in zip(found.projections, expected.projections, strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
        np.testing.assert_array_equal(one.post, other.post)
        assert one.exponent == other.exponent
    assert verify(found).passed


def test_gradients_go_through_every_rounding():
    graph = loop(15, fan=6, steps=30)
    module = fake_quantize(graph)
    readout, spikes = module(torch.tensor(graph.golden.inputs["in"]))
    (readout.square().mean() + spikes.mean()).backward()
    for weight in module.weights:
        assert torch.isfinite(weight.grad).all()
        assert weight.grad.abs().max() > 0


def test_training_finds_weights_that_the_chip_has():
    # a readout of 3 a step from an input of weight 1: the weight has to grow threefold
    cell = Population("out", "integrator", (1,), decay=0, gain=1, bias=0)
    wire = Projection("in", "out", [0], [0], [1.0], [0])
    graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=1e-3)
    graph = with_golden(graph, {"in": np.ones((6, 1, 1))})
    wide = replace(graph, projections=(replace(wire, pre=[0], weight=[1.0]),))
    module = fake_quantize(wide)
    with torch.no_grad():
        module.weights[0].mul_(0.25)
    optimiser = torch.optim.Adam(module.parameters(), lr=4.0)
    x = torch.ones(6, 1, 1)
    for _ in range(200):
        loss = (module(x)[0] - 0.75).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    trained = module.graph()
    found = run(trained, x.numpy()).readout["out"] / scale(trained, "out")
    np.testing.assert_allclose(found, 0.75, atol=0.01)


def test_fine_tuned_digits_are_what_is_deployed(hard_reset_run):
    graph = recipes.export_run(hard_reset_run, samples=8)
    module = fake_quantize(graph, surrogate=neuro.ATan(5))
    data = digits.data(digits.Settings())["train"]
    rates = [{"params": [w], "lr": 0.03 * float(w.detach().abs().mean())} for w in module.weights]
    optimiser = torch.optim.Adam(rates)
    losses = []
    for k in range(6):
        own = np.arange(64 * k, 64 * (k + 1)) % 256
        loss = neuro.rate_loss(
            module(torch.from_numpy(data.dense(own)))[0], torch.from_numpy(data.labels[own])
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[4] < losses[0] and losses[5] < losses[1]  # the same samples again
    trained = module.graph()
    with torch.no_grad():
        shown = module(torch.tensor(graph.golden.inputs["x"]))[0].numpy()
    expected = trained.golden.readout["readout"] / scale(trained, "readout")
    np.testing.assert_allclose(shown, expected, rtol=1e-12)
    assert trained.info["quantization"]["overflows"] == 0
    assert recipes.graph_accuracy(trained, backend="reference") > 0.92


def test_populations_whose_names_torch_would_confuse_keep_their_own_parameters():
    every = np.indices((3, 4)).reshape(2, -1)
    pairs = np.indices((4, 4)).reshape(2, -1)
    r = np.random.default_rng(0)
    wires = (
        Projection("x", "f.a", *every, r.normal(0.5, 0.5, 12), np.zeros(12, int)),
        Projection("f.a", "f_a", *pairs, r.normal(0.5, 0.5, 16), np.zeros(16, int)),
    )
    cells = (
        Population("f.a", "lif", (4,), decay=0.9, gain=1, bias=0, threshold=1),
        Population("f_a", "lif", (4,), decay=0.3, gain=1, bias=0, threshold=0.5),
    )
    parts = (Population("x", "input", (3,)), *cells)
    graph = EventGraph(parts, wires, ("f.a", "f_a"), dt=1e-3)
    graph = with_golden(graph, {"x": (r.random((40, 2, 3)) < 0.4) * 1.0})
    module = fake_quantize(graph)
    found = module(torch.tensor(graph.golden.inputs["x"]))
    deployed = module.graph()
    for name, spikes in zip(deployed.outputs, found, strict=True):
        assert deployed.golden.spikes[name].sum() > 20
        np.testing.assert_array_equal(spikes.detach().numpy() == 1, deployed.golden.spikes[name])


def test_a_graph_with_two_inputs_is_refused():
    graph = loop(4, fan=2, steps=5)
    more = replace(
        graph, populations=(*graph.populations, Population("more", "input", (1,))), golden=None
    )
    with pytest.raises(ValueError, match="takes graphs with one input, got 2"):
        deploy.fake_quantize(more)
