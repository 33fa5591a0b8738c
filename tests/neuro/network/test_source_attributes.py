"""Attributes, methods and properties of a wrapped module are those of its Network."""

import copy
import pickle

import pytest
import torch
from torch import nn

from axonal import neuro

X = torch.rand(5, 2, 3, generator=torch.Generator().manual_seed(0))


class Base(nn.Module):
    def penalty(self):
        return self.fc.weight.square().sum()


class Net(Base):
    kind = "small"

    def __init__(self):
        super().__init__()
        self.fc, self.lif = neuro.Linear(3, 4), neuro.LIF(4)
        self.gain = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("offset", torch.tensor(0.5))
        self.factor, self.names = 3.0, ["a"]

    def forward(self, x):
        return self.lif(self.fc(x) * self.gain + self.offset)

    def penalty(self):
        return self.factor * self.gain * super().penalty() + self.offset

    @property
    def neurons(self):
        return self.fc.out_features

    @classmethod
    def make(cls):
        return cls()

    @staticmethod
    def twice(x):
        return 2 * x

    def mode(self):
        return self.training


def network():
    torch.manual_seed(0)
    return neuro.Network(Net())


def expected(net):
    return net.factor * net.gain * net.fc.weight.square().sum() + net.offset


def test_attributes_methods_and_properties_are_reachable():
    net = network()
    assert (net.kind, net.factor, net.names, net.neurons, net.twice(4)) == (
        "small", 3.0, ["a"], 4, 8,
    )  # fmt: skip
    assert isinstance(net.make(), Net) and torch.equal(net.penalty(), expected(net))
    net.penalty().backward()
    assert net.gain.grad is not None and net.fc.weight.grad.any()
    assert not hasattr(net, "other")
    with pytest.raises(AttributeError, match="'Network' object has no attribute 'other'"):
        _ = net.other


def _pickled(net):
    return pickle.loads(pickle.dumps(net))


@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled, lambda net: net])
def test_methods_see_what_happens_to_the_network(copied):
    first = network()
    net = copied(first)
    net.to(torch.float64)
    assert net.penalty().dtype == torch.float64 and torch.equal(net.penalty(), expected(net))
    net.factor = 5.0
    net.fc = neuro.Linear(3, 4).double()
    net.offset = torch.tensor(0.25, dtype=torch.float64)
    assert torch.equal(net.penalty(), expected(net)) and net.factor == 5
    net.load_state_dict({k: v + 1 for k, v in net.state_dict().items()})
    assert torch.equal(net.penalty(), expected(net))
    assert net.eval().mode() is False and net.train().mode() is True
    if net is not first:
        assert first.factor == 3 and first.penalty().dtype == torch.float32
        assert torch.equal(first.penalty(), expected(first))


def test_a_network_inside_another_keeps_its_methods():
    outer = neuro.Sequential({"inner": network(), "out": neuro.LeakyIntegrator(4)})
    assert torch.equal(outer.inner.penalty(), expected(outer.inner))
    assert outer(X)[0].shape == (5, 2, 4)


def test_what_a_network_has_itself_comes_first():
    class Stepping(Net):
        def step(self):
            return "mine"

    net = neuro.Network(Stepping())
    assert net.step(X[0])[0].shape == (2, 4)
