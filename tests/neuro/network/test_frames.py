"""A call of a Network runs few functions: two of its own, and those of its layers."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from axonal import neuro
from axonal.neuro.network import network

NETWORK = Path(network.__file__).parent
NEURO = Path(neuro.__file__).parent
X = (torch.rand(16, 4, 64, generator=torch.Generator().manual_seed(0)) < 0.2).float()


class Body:
    """The network of the README."""

    def __init__(self):
        super().__init__()
        self.delays = neuro.DelayedLinear(64, 32, max_delay=8)
        self.hidden = neuro.LIF(32, tau=4.0)
        self.out = neuro.Linear(32, 10)
        self.readout = neuro.LeakyIntegrator(10, tau=8.0)

    def forward(self, x):
        return self.readout(self.out(self.hidden(self.delays(x))))


class Net(Body, neuro.Network):
    pass


class Module(Body, nn.Module):
    pass


def functions(folder, call):
    """Names of the functions of a folder, and of generated code, that a call runs."""
    names = []

    def note(frame, event, _):
        file = frame.f_code.co_filename
        if event == "call" and (file.startswith((str(folder), "<axonal network"))):
            names.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    return names


@pytest.mark.parametrize(
    "make", [Net, lambda: neuro.Network(Module())], ids=["subclass", "wrapped"]
)
def test_a_call_runs_the_checks_and_the_generated_code_and_no_more(make):
    net = make()
    _, state = net(X)
    for call in (lambda: net(X), lambda: net(X, state), lambda: net(X, state=state)):
        assert functions(NETWORK, call) == ["forward", "forward"]


def test_a_call_of_the_first_example_runs_few_functions():
    net = Net()
    _, state = net(X)
    assert len(functions(NEURO, lambda: net(X))) <= 80
    assert len(functions(NEURO, lambda: net(X, state))) <= 84
