"""Inside torch.autocast neurons keep their own type, and networks run and learn."""

import pytest
import torch
from helpers.neuro import Adaptive
from torch import nn

from axonal import neuro

N = 6
WITH_MEMORY = {
    "LIF": lambda: neuro.LIF(N, refractory=1, learn=("tau", "threshold")),
    "IF": lambda: neuro.IF(N, reset="subtract"),
    "PLIF": lambda: neuro.PLIF(N),
    "KLIF": lambda: neuro.KLIF(N, learn="k"),
    "ALIF": lambda: neuro.ALIF(N),
    "LSNN": lambda: neuro.LSNN(N, learn="tau_adaptation"),
    "AdEx": lambda: neuro.AdEx(N),
    "CuBaLIF": lambda: neuro.CuBaLIF(N),
    "GradedLIF": lambda: neuro.GradedLIF(N),
    "ResonateAndFire": lambda: neuro.ResonateAndFire(N),
    "LeakyIntegrator": lambda: neuro.LeakyIntegrator(N),
    "a cell": Adaptive,
    "DelayedLinear": lambda: neuro.DelayedLinear(N, N, 3),
    "DelayedLinear, written out": lambda: neuro.DelayedLinear(N, N, 3, backend="reference"),
    "Recurrent": lambda: neuro.Recurrent(neuro.LIF(N), neuro.Linear(N, N)),
    "Recurrent, step by step": lambda: neuro.Recurrent(neuro.ALIF(N), neuro.Linear(N, N), 2),
}


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16)


def leaves(state):
    return [a for a in torch.utils._pytree.tree_leaves(state) if isinstance(a, torch.Tensor)]


@pytest.mark.parametrize("name", WITH_MEMORY)
@pytest.mark.parametrize("given", [torch.bfloat16, torch.float32])
def test_a_layer_with_memory_computes_in_its_own_type(name, given):
    layer = WITH_MEMORY[name]()
    x = (3 * torch.rand(5, 2, N)).to(given).requires_grad_()
    exact, rest = layer(x.detach().float())
    with autocast():
        y, state = layer(x)
        y2, _ = layer(x, state)
        # the step of a cell is the user's own function
        one = y[0] if isinstance(layer, neuro.Cell) else layer.step(x[0])[0]
    assert y.dtype == y2.dtype == one.dtype == torch.float32
    assert torch.equal(y, exact) and torch.allclose(one, exact[0], atol=1e-6)
    for mine, wanted in zip(leaves(state), leaves(rest), strict=True):
        assert torch.equal(mine, wanted) and mine.dtype in (torch.float32, torch.int32)
    y.sum().backward()
    assert x.grad.dtype == given and all(
        p.grad is None or p.grad.dtype == p.dtype for p in layer.parameters()
    )


def test_without_autocast_another_type_is_refused_as_before():
    x = torch.ones(3, 1, N)
    for layer in (neuro.LIF(N), neuro.Linear(N, N), neuro.DelayedLinear(N, N, 2)):
        with pytest.raises(ValueError, match="holds float32, got x of bfloat16"):
            layer(x.bfloat16())
    with autocast(), pytest.raises(ValueError, match="holds float32, got x of float64"):
        neuro.LIF(N)(x.double())


@pytest.mark.parametrize("size", [4, 400])
@pytest.mark.parametrize("bias", [True, False])
def test_connections_have_the_type_of_a_product_whatever_their_size(size, bias):
    spikes = (torch.rand(40, 4, size) < 0.05).float()
    fc = neuro.Linear(size, size, bias=bias)
    for x in (spikes, spikes.bfloat16()):
        x.requires_grad_()
        with autocast():
            y = fc(x)
        assert y.dtype == torch.bfloat16
        y.sum().backward()
        assert fc.weight.grad.dtype == torch.float32 and x.grad.dtype == x.dtype
    torch.testing.assert_close(y.float(), fc(spikes), rtol=0.03, atol=0.03)


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = neuro.Conv2d(1, 3, 3, padding=1), neuro.BatchNorm(3)
        self.lif, self.drop = neuro.LIF((3, 4, 4)), neuro.Dropout(0.1, same_over_time=True)
        self.fc, self.delayed = nn.Linear(48, N), neuro.DelayedLinear(N, N, 3, bias=True)
        self.loop = neuro.Recurrent(neuro.PLIF(N), neuro.Linear(N, N))
        self.last, self.out = neuro.Linear(N, 2), neuro.LeakyIntegrator(2)

    def forward(self, x):
        h = self.drop(self.lif(self.norm(self.conv(x)))).flatten(2)
        return self.out(self.last(self.loop(self.delayed(self.fc(h)))))


def test_a_whole_network_trains_and_goes_on_from_its_state():
    net = neuro.Network(Mixed())
    x = torch.rand(6, 2, 1, 4, 4)
    with autocast():
        y, state = net(x)
        y2, _ = net(x, state)
        loss = neuro.summed_softmax_loss(y, torch.tensor([0, 1]))
    loss.backward()
    assert y.dtype == y2.dtype == torch.float32 and loss.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    assert all(a.dtype in (torch.float32, torch.int32) for a in leaves(state["lif"]))
    net.eval()
    with autocast(), torch.no_grad():
        whole, _ = net(x)
        first, state = net(x[:3])
        second, _ = net(x[3:], state)
    torch.testing.assert_close(torch.cat((first, second)), whole)
    assert net(x)[0].dtype == torch.float32
