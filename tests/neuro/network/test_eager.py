"""With trace=False a forward runs as it is written, with the same outputs and states."""

import copy
import pickle
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from helpers.neuro import Forward, spike_train
from helpers.random_networks import networks
from hypothesis import given
from torch import nn

from axonal import deploy, neuro

X = spike_train(0, 6, 3, 2, 8, 8, dtype=torch.float32)


def forward(self, x):
    if self.debugging:
        print("x", tuple(x.shape), float(x.sum()) > 0)
    h = F.avg_pool2d(F.relu(self.norm(self.conv(x))), 2)
    s = self.spikes(h)
    self.seen(s)
    return self.tail(F.max_pool2d(s, 2)), self.block(s.flatten(2))


def network(trace):
    torch.manual_seed(0)
    block = neuro.Sequential(neuro.Linear(48, 4), neuro.LIF(4, threshold=0.2))
    module = Forward(
        forward,
        conv=nn.Conv2d(2, 3, 3, padding=1),
        norm=nn.BatchNorm2d(3),
        spikes=neuro.LIF((3, 4, 4), threshold=0.2),
        tail=nn.Sequential(nn.Flatten(), nn.Linear(12, 5), neuro.LeakyIntegrator(5)),
        block=block,
    )
    module.seen, module.debugging = lambda s: None, not trace
    return neuro.Network(module, trace=trace), module


def test_values_are_seen_and_the_results_are_those_of_the_graph(capsys):
    eager, module = network(trace=False)
    assert capsys.readouterr().out == ""
    values = []
    module.seen = values.append
    y, state = eager(X)
    assert capsys.readouterr().out == "x (6, 3, 2, 8, 8) True\n"
    assert type(values[0]) is torch.Tensor and values[0].shape == (6, 3, 3, 4, 4)
    traced, _ = network(trace=True)
    expected, end = traced(X)
    assert all(map(torch.equal, y, expected)) and y[1].any()
    assert list(state) == list(end) == ["spikes", "tail.2", "block.1"]
    again, _ = eager(X, state)
    assert all(map(torch.equal, again, traced(X, end)[0]))


def test_an_error_points_into_the_forward():
    def wrong(self, x):
        h = x + 1
        return self.lif(h.reshape(h.shape[0], 3, 128))

    net = neuro.Network(Forward(wrong, lif=neuro.LIF(4)), trace=False)
    with pytest.raises(ValueError, match="LIF expects x") as caught:
        net(X)
    names = [frame.name for frame in traceback.extract_tb(caught.tb)]
    assert "wrong" in names
    # the hooks and marks of the run are gone
    assert not net.lif._forward_hooks and not net.lif._forward_pre_hooks
    assert "_composing" not in vars(net)


@given(networks())
def test_random_networks_give_the_same(drawn):
    net, shape = drawn
    x = spike_train(1, 7, 2, *shape)
    eager = copy.deepcopy(net)
    twin = neuro.Network(eager._source, trace=False) if "_source" in vars(eager) else None
    if twin is None:
        twin = Chain(eager._modules)
    y, state = twin.train(net.training)(x)
    expected, end = net(x)
    torch.testing.assert_close(y, expected, rtol=0, atol=0)
    assert state.keys() == end.keys()
    torch.testing.assert_close(twin(x, state)[0], net(x, end)[0], rtol=0, atol=0)


class Chain(neuro.Network):
    def __init__(self, parts):
        super().__init__(trace=False)
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x):
        for part in self._modules.values():
            x = part(x)
        return x


def test_another_thread_runs_a_network_that_is_being_looked_through():
    inner = neuro.Sequential(neuro.LIF(4))
    x, seen = torch.ones(3, 2, 4), []

    def forward(self, x):
        with ThreadPoolExecutor(1) as pool:
            seen.append(pool.submit(inner, x.detach()).result())
        return self.inner(x)

    y, state = neuro.Network(Forward(forward, inner=inner), trace=False)(x)
    (found, end), (expected, _) = seen[0], inner(x)
    assert torch.equal(y, expected) and torch.equal(found, expected)
    assert end.keys() == {"0"} and state.keys() == {"inner.0"}


def test_it_streams_records_and_is_copied():
    eager, _ = network(trace=False)
    eager.eval()
    whole, _ = eager(X)
    stream = neuro.Streamer(copy.deepcopy(eager))
    assert torch.equal(torch.stack([stream(x)[1] for x in X]), whole[1])
    y, traces = neuro.record(eager, X, {"spikes": ("spikes", "v"), "norm": ("output",)})
    graph, _ = network(trace=True)
    expected = neuro.record(graph.eval(), X, {"spikes": ("spikes", "v"), "norm": ("output",)})[1]
    assert torch.equal(traces["spikes"]["v"], expected["spikes"]["v"])
    assert torch.equal(traces["norm"]["output"], expected["norm"]["output"])
    assert torch.equal(y[1], whole[1])
    chain = Chain({"fc": neuro.Linear(4, 3), "lif": neuro.LIF(3)})
    twin = pickle.loads(pickle.dumps(chain))
    x = torch.ones(5, 2, 4)
    assert torch.equal(twin(x)[0], chain(x)[0])


def test_layers_called_twice_and_graphs_are_refused():
    net = neuro.Network(
        Forward(lambda self, x: self.lif(self.lif(x)), lif=neuro.LIF(8)), trace=False
    )
    with pytest.raises(neuro.NetworkError, match="lif is called a second time"):
        net(X[:, :, 0, 0])
    once = Chain({"fc": neuro.Linear(4, 3), "lif": neuro.LIF(3)})
    with pytest.raises(AttributeError, match="made with trace=False, for debugging, and has no gr"):
        deploy.export(once, dt=1e-3)
