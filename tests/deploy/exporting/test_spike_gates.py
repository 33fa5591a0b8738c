"""Maxima over windows of spikes, exported as neurons that fire where one of a window does."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from helpers import needs
from torch import nn

from axonal import neuro
from axonal.deploy import EventGraph, ExportError, export, quantize, verify


class Maps(nn.Module):
    """Spikes pooled by a module and by a function, with a rectifier that changes nothing."""

    def __init__(self, pool):
        super().__init__()
        self.conv1, self.lif1 = neuro.Conv2d(1, 3, 3), neuro.LIF((3, 8, 8), threshold=0.3)
        self.pool = pool
        self.conv2, self.lif2 = neuro.Conv2d(3, 4, 3), neuro.LIF((4, 2, 2), threshold=0.3)
        self.fc, self.lif3 = neuro.Linear(4, 5), neuro.LIF(5, threshold=0.2)

    def forward(self, x):
        z = self.pool(self.lif1(self.conv1(x)))
        z = F.relu(F.max_pool2d(self.lif2(2 * self.conv2(z)), 2))
        return self.lif3(self.fc(z.flatten(2)))


def maps(pool):
    torch.manual_seed(0)
    return neuro.Network(Maps(pool))


POOLS = {
    "windows": nn.MaxPool2d(2, 2),
    "overlapping, padded": nn.MaxPool2d(3, 2, padding=1),
    "dilated": nn.MaxPool2d(3, 1, dilation=2),
    "adaptive": nn.AdaptiveMaxPool2d(4),
}


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_a_maximum_of_spikes_fires_where_one_of_its_window_does(pool):
    net = maps(pool)
    graph = export(net, dt=1e-3, input_shape=(1, 10, 10), samples=2)
    assert verify(graph).passed
    # the network itself: what the module makes of the spikes of the layer before
    x = torch.tensor(graph.golden.inputs["x"], dtype=torch.float64).unflatten(2, (1, 10, 10))
    net.double()
    with torch.no_grad():
        spikes = net.eval().lif1(net.conv1(x))[0]
        wanted = torch.stack([pool(s) for s in spikes]).flatten(2)
    assert torch.equal(torch.tensor(graph.golden.spikes["pool"]), wanted != 0)
    assert 100 < graph.golden.spikes["max_pool2d"].sum() < 0.9 * 2 * 100 * 4


@pytest.mark.parametrize("backend", ["nest", "brian2"])
def test_simulators_pool_the_same_spikes(backend):
    needs.require(backend)
    graph = export(maps(POOLS["windows"]), dt=1e-3, input_shape=(1, 10, 10), steps=40, samples=2)
    result = verify(graph, [backend])
    assert result.passed and result.mismatches == 0


def test_spikes_of_the_input_are_pooled_and_numbers_are_not():
    net = neuro.Sequential(nn.MaxPool1d(2), neuro.Linear(4, 3), neuro.LIF(3, threshold=0.2))
    assert verify(export(net, dt=1e-3, input_shape=(8,))).passed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of inputs that few back ends take
        with pytest.raises(ExportError, match=r"0 \(MaxPool1d\): the maximum of what is no spike"):
            export(net, dt=1e-3, inputs=torch.rand(20, 2, 8))


@pytest.mark.parametrize(
    "layers",
    [
        (neuro.Conv2d(1, 2, 3), nn.MaxPool2d(2), neuro.LIF((2, 4, 4))),
        (neuro.GradedLIF((1, 10, 10)), nn.MaxPool2d(2), neuro.LIF((1, 5, 5))),
        (neuro.LIF((1, 10, 10)), nn.AvgPool2d(2), nn.MaxPool2d(5), neuro.LIF((1, 1, 1))),
    ],
    ids=["currents", "graded spikes", "means"],
)
def test_a_maximum_of_numbers_is_refused_by_path(layers):
    net = neuro.Sequential(*layers)
    with pytest.raises(ExportError, match=r"\(MaxPool2d\): the maximum of what is no"):
        export(net, dt=1e-3, input_shape=(1, 10, 10))


@pytest.mark.slow
def test_pooled_spikes_are_saved_and_quantised(tmp_path):
    graph = export(maps(POOLS["windows"]), dt=1e-3, input_shape=(1, 10, 10))
    graph.save(tmp_path / "pooled.h5")
    assert verify(EventGraph.load(tmp_path / "pooled.h5")).passed
    small = quantize(graph, "loihi2")
    # a spike still reaches the threshold on its own, whatever the weights were rounded to
    for name in ("pool", "max_pool2d"):
        (wires,) = [q for q in small.projections if q.target == name]
        p = small.population(name)
        assert (wires.weight.max() * p.gain.max()) >= p.threshold.max()
