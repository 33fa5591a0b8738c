"""What several tests of axonal.neuro need: small modules, spike trains, observed runs."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from axonal import neuro

EXACT = {"rtol": 0, "atol": 1e-12}


class Forward(nn.Module):
    """Modules by keyword and a forward given as a function of (self, x)."""

    def __init__(self, call, **modules):
        super().__init__()
        self.call = call
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        return self.call(self, x)


class AdaptiveState(NamedTuple):
    v: Tensor
    a: Tensor


class Adaptive(neuro.Cell[AdaptiveState]):
    """A user's neuron: its threshold rises with every spike."""

    def init(self, x):
        return AdaptiveState(torch.zeros_like(x), torch.zeros_like(x))

    def step(self, x, state=None):
        v, a = self.init(x) if state is None else state
        v = 0.8 * v + x
        s = neuro.ATan()(v - 1 - a)
        return s, AdaptiveState(v - s, 0.9 * a + 0.2 * s)


def spike_train(seed, *shape, rate=0.4, dtype=torch.float64):
    """Random spikes, 0 or 1, of the given shape."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(*shape, generator=generator) < rate).to(dtype)


def looped_network(gain=2.0):
    """Delays, neurons, a loop and a readout, with weights >= 0 scaled by the gain."""
    net = neuro.Sequential(
        {
            "delay": neuro.DelayedLinear(4, 8, 3),
            "hidden": neuro.LIF(8, 3.0, refractory=1),
            "loop": neuro.Recurrent(neuro.LIF(8), neuro.Linear(8, 8), delay=2),
            "fc": nn.Linear(8, 2),
            "out": neuro.LeakyIntegrator(2),
        }
    )
    with torch.no_grad():
        for p in net.parameters():
            if p.ndim == 2 and p is not net.delay.position:
                p.abs_().mul_(gain)
    return net


def observed(net, x, state=None):
    """Run a network; return its output, its state and the spikes of every layer by path."""
    spikes = {}

    def collect(path):
        return lambda _, __, result: spikes.setdefault(path, []).append(result[0])

    handles = [
        layer.register_forward_hook(collect(path))
        for path, layer in net.named_modules()
        if isinstance(layer, neuro.Layer) and layer.spiking
    ]
    try:
        y, state = net(x, state)
    finally:
        for handle in handles:
            handle.remove()
    return y, state, {path: torch.cat(made) for path, made in spikes.items()}


def same_run(one, other):
    """Require equal spikes in every layer, and graded values and outputs equal to 1e-12."""
    (y, spikes), (other_y, other_spikes) = one, other
    assert spikes.keys() == other_spikes.keys()
    for path, train in spikes.items():
        assert torch.equal(train != 0, other_spikes[path] != 0), path
        torch.testing.assert_close(train, other_spikes[path], rtol=0, atol=1e-12)
    torch.testing.assert_close(y, other_y, rtol=0, atol=1e-12)


def sequence(*values):
    """Return values as steps [T, 1, 1] of float64."""
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1)


def double(make, *args, **settings):
    """Return a neuron whose constants have the precision of float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return make(*args, **settings)
    finally:
        torch.set_default_dtype(before)
