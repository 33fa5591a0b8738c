"""Gated units, Legendre memories and spiking LMUFormers as event graphs: the events of torch."""

import numpy as np
import pytest
import torch

from axonal import deploy, neuro
from axonal.neuro.ops.event_network import simulate

pytestmark = pytest.mark.filterwarnings("ignore:golden inputs hold other values:UserWarning")


def _egru(seed=0, **settings):
    torch.manual_seed(seed)
    parts = {
        "egru": neuro.EGRU(5, 12, threshold_mean=0.2, **settings),
        "more": neuro.EGRU(12, 6, threshold_mean=0.1),
        "out": neuro.Linear(6, 3),
        "trace": neuro.LeakyIntegrator(3, 10.0),
    }
    net = neuro.Sequential(parts)
    with torch.no_grad():
        for layer in (net.egru, net.more):
            layer.bias_in.normal_(0, 0.3), layer.bias.normal_(0, 0.3)
    return net.eval()


def _spiking(seed=0, **settings):
    torch.manual_seed(seed)
    net = neuro.SpikingLMUFormer(5, 4, width=10, order=6, theta=9.0, **settings)
    x = torch.randn(20, 8, 5)
    for _ in range(3):  # statistics of norms
        net(x)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, neuro.BatchNorm):  # so that all populations fire
                module.weight.mul_(2)
                module.bias.normal_(1.6, 0.2)
    return net.eval()


@pytest.mark.parametrize("make", [_egru, lambda: _egru(zoneout=0.2), lambda: _spiking(blocks=2)])
def test_the_graph_sends_the_events_of_torch_also_late_and_from_its_file(make, tmp_path):
    graph = deploy.export(make(), 0.01, inputs=2 * torch.randn(30, 3, 5))
    assert all(raster.any() for raster in graph.golden.spikes.values())
    for held in (graph, deploy.retime(graph, 1)):
        result = deploy.verify(held)
        assert result.passed and result.spikes > 100, str(result)
    graph.save(tmp_path / "a.h5")
    assert deploy.verify(deploy.EventGraph.load(tmp_path / "a.h5")).passed
    found = deploy.operations(graph, deploy.run(graph, graph.golden.inputs))
    assert 0 < found.events < found.dense and found.share < 1


@pytest.mark.parametrize("make", [_egru, _spiking])
def test_chunks_and_both_kernels_agree(make):
    graph = deploy.export(make(), 0.01, inputs=2 * torch.randn(12, 2, 5))
    x = graph.golden.inputs["x"]
    whole = deploy.run(graph, {"x": x})
    first = deploy.run(graph, {"x": x[:5]})
    second = deploy.run(graph, {"x": x[5:]}, state=first.state)
    for name in graph.golden.spikes:
        joined = np.concatenate([first.raster(name), second.raster(name)])
        assert np.array_equal(joined, whole.raster(name)), name
    executor = deploy.executor.float_executor.Executor(graph)
    events = deploy.executor.float_executor.Events.of([x], [executor.network.neurons], 2, 12)
    fast, slow = (
        simulate(executor.network, events, samples=2, steps=12, backend=b)
        for b in ("cpu", "reference")
    )
    assert np.array_equal(fast.neuron, slow.neuron) and np.array_equal(fast.step, slow.step)
    np.testing.assert_allclose(fast.payload, slow.payload, rtol=0, atol=1e-12)
    assert fast.synaptic_events == slow.synaptic_events


def test_a_memory_by_itself_sends_its_numbers():
    torch.manual_seed(0)
    parts = {"m": neuro.LegendreMemory(2, order=4, theta=8.0), "out": neuro.Linear(8, 2)}
    net = neuro.Sequential(parts).double().eval()
    graph = deploy.export(net, 0.01, samples=2, steps=15)
    m, _ = net.m(torch.tensor(graph.golden.inputs["x"]))
    found = deploy.run(graph, graph.golden.inputs).graded("m")
    np.testing.assert_allclose(found, m.numpy(), rtol=0, atol=1e-12)


def test_what_has_no_form_is_refused_by_name():
    x = torch.zeros(4, 1, 5)
    former = neuro.LMUFormer(5, 4, width=8, order=6, theta=9.0).eval()
    with pytest.raises(deploy.ExportError, match=r"blocks\.0\.lmu \(LMU\): its outputs .* numbers"):
        deploy.export(former, 0.01, inputs=x)
    ahead = neuro.SpikingLMUFormer(5, 4, width=8, order=6, theta=9.0, causal=False).eval()
    with pytest.raises(
        deploy.ExportError, match=r"embed\.first \(TemporalConv\): it hears 1 steps"
    ):
        deploy.export(ahead, 0.01, inputs=x)
    graph = deploy.export(_egru(), 0.01, samples=1, steps=20)
    with pytest.raises(ValueError, match="'egru' is of kind egru; it has"):
        deploy.run(graph, graph.golden.inputs, backend="brian2")
    with pytest.raises(deploy.QuantizeError, match="egru"):
        deploy.quantize(graph, "loihi2")
