"""A call of a Network adds two functions to those of its layers: checks and generated code."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from axonal import neuro
from axonal.neuro.network import network

FOLDER = Path(network.__file__).parent
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


def functions_of_networks(call):
    """Names of the functions of neuro/network, and of generated code, that a call runs."""
    names = []

    def note(frame, event, _):
        file = frame.f_code.co_filename
        if event == "call" and (file.startswith((str(FOLDER), "<axonal network"))):
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
        assert functions_of_networks(call) == ["forward", "forward"]
