"""The spiking Legendre memory unit: its equations, its stream, and the published one."""

import pytest
import torch
from helpers.neuro_fixtures import golden

from axonal import neuro
from axonal.neuro.ops.lmu import lmu


def _cell(official=False):
    torch.manual_seed(0)
    cell = neuro.SpikingLMU(3, 5, order=6, theta=9.0, official=official)
    for module in cell.modules():
        if isinstance(module, neuro.BatchNorm):
            with torch.no_grad():
                module.weight.fill_(3.0)
                module.bias.fill_(1.0)
                module.running_mean.normal_(0, 0.1)
    return cell.double().eval()


def _lif(x, v):
    """v + (x - v) / 2, threshold 1, reset to zero."""
    spikes = []
    for x_t in x:
        v = v + (x_t - v) / 2
        spikes.append((v >= 1).to(x))
        v = v * (1 - spikes[-1])
    return torch.stack(spikes), v


def _written_out(cell, x, recurrent):
    """The equations of the parallel form, or of the published recurrent one."""
    rest = torch.zeros(x.shape[1], 1, dtype=x.dtype)
    u, _ = _lif(cell.heard.norm(cell.hear(x)), rest)
    m = lmu(u, rest.new_zeros(len(rest), 1, 6), cell.memory.A, cell.memory.B, backend="reference")
    m = m.flatten(2)
    if not recurrent:
        m, _ = _lif(cell.kept.norm(m), torch.zeros_like(m[0]))
    h = cell.told.norm(cell.tell(torch.cat((m, x), -1)))
    return _lif(h, torch.zeros_like(h[0]))[0]


@pytest.mark.parametrize("official", [False, True])
def test_whole_sequences_are_the_parallel_form_and_streams_differ_where_published(official):
    cell = _cell(official)
    x = (torch.rand(40, 4, 3, dtype=torch.float64) < 0.4).double()
    whole, _ = cell(x)
    parallel, recurrent = (_written_out(cell, x, form) for form in (False, True))
    assert torch.equal(whole, parallel) and 0.02 < whole.mean() < 0.98
    stream = neuro.Streamer(cell)
    steps = torch.stack([stream(x_t) for x_t in x])
    assert torch.equal(steps, recurrent if official else parallel)
    assert not torch.equal(parallel, recurrent)


def test_the_network_has_both_forms_too():
    x = torch.randn(20, 2, 5)
    for official in (False, True):
        torch.manual_seed(0)
        net = neuro.SpikingLMUFormer(5, 4, width=8, order=6, theta=9.0, official=official).eval()
        with torch.no_grad():
            for module in net.modules():
                if isinstance(module, neuro.BatchNorm):
                    module.bias.normal_(1.5, 1.0)
                if isinstance(module, neuro.Linear):
                    module.weight.normal_(0, 1.0)
        stream = neuro.Streamer(net)
        steps = torch.stack([stream(x_t) for x_t in x])
        same = torch.allclose(steps, net(x)[0], atol=1e-5)
        assert same != official


def test_memory_and_neurons_are_those_of_the_published_cell():
    found = golden("lmuformer/lmuformer_reference.npz")
    cell = neuro.SpikingLMU(3, 5, order=8, theta=16.0)
    torch.testing.assert_close(cell.memory.A, found["B_A"].float(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(cell.memory.B, found["B_B"].flatten().float(), rtol=1e-5, atol=1e-6)
    lif = neuro.SpikingLMU(4, 4, order=2, theta=4.0).told.lif
    current = found["C_in"].clone().requires_grad_()
    spikes, _ = lif(current)
    (gradient,) = torch.autograd.grad(spikes, current, found["C_gout"])
    assert torch.equal(spikes, found["C_spk"])
    torch.testing.assert_close(gradient, found["C_gin"], rtol=1e-5, atol=1e-6)
