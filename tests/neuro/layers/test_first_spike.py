"""The first-spike readout and loss: times by hand, gradients by formula, learning to be first."""

import math

import pytest
import torch
from helpers.neuro import spike_train
from hypothesis import given
from hypothesis import strategies as st

from axonal import neuro
from axonal.neuro import losses


@given(st.integers(0, 2**16), st.integers(1, 9), st.sampled_from([0.05, 0.3, 0.8]))
def test_the_time_is_that_of_the_first_spike_or_the_length(seed, steps, rate):
    spikes = spike_train(seed, steps, 3, 4, rate=rate)
    lengths = torch.randint(1, steps + 1, (3,), generator=torch.Generator().manual_seed(seed))
    times = neuro.first_spike_time(spikes, lengths)
    for b, length in enumerate(lengths.tolist()):
        for c in range(4):
            fired = spikes[:length, b, c].nonzero().flatten().tolist()
            assert times[b, c] == (fired[0] if fired else length)


def test_what_comes_after_a_samples_end_is_not_seen():
    spikes = spike_train(0, 8, 2, 3, rate=0.1)
    spikes[3:, 0] = math.nan
    spikes.requires_grad_()
    neuro.first_spike_time(spikes, torch.tensor([3, 8])).sum().backward()
    assert not spikes.grad[3:, 0].any() and spikes.grad[:3, 0].any()


def test_gradients_of_the_time_are_those_of_the_formula():
    spikes = torch.zeros(6, 1, 1, dtype=torch.float64)
    spikes[[2, 4]] = 1
    spikes.requires_grad_()
    neuro.first_spike_time(spikes).sum().backward()
    # a spike at 0 would save both silent steps, one at 1 the later; without the spike at 2 the
    # neuron would stay silent for 2 steps more; what comes later changes nothing
    assert spikes.grad.flatten().tolist() == [-2, -1, -2, 0, 0, 0]
    smooth = torch.rand(5, 2, 3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(losses._silent_steps, (smooth, None))


def test_the_loss_is_the_cross_entropy_of_the_times():
    spikes = torch.zeros(5, 1, 3)
    spikes[1, 0, 0] = spikes[3, 0, 2] = 1
    weights = [math.exp(-t / 2) for t in (1, 5, 3)]
    loss = neuro.first_spike_loss(spikes, torch.tensor([2]), scale=2.0)
    assert loss.item() == pytest.approx(-math.log(weights[2] / sum(weights)), rel=1e-6)


def test_a_network_learns_which_neuron_fires_first():
    torch.manual_seed(0)
    net = neuro.Sequential(
        neuro.Linear(6, 20), neuro.LIF(20, 5.0), neuro.Linear(20, 2), neuro.IF(2)
    )
    x = (torch.rand(15, 32, 6) < 0.3).float()
    target = torch.arange(32) % 2
    x[:, target == 0, :3] *= (torch.rand(15, 16, 3) < 0.4).float()
    x[:, target == 1, 3:] *= (torch.rand(15, 16, 3) < 0.4).float()
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        optimiser.zero_grad()
        loss = neuro.first_spike_loss(net(x)[0], target, scale=2.0)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    times = neuro.first_spike_time(net(x)[0])
    rows = torch.arange(32)
    earlier = times[rows, target] < times[rows, 1 - target]
    assert earlier.float().mean() > 0.85 and losses[-1] < 0.6 * losses[0]


def test_bad_input_gets_one_line():
    spikes = torch.zeros(5, 2, 3)
    with pytest.raises(ValueError, match="scale > 0 steps, got 0"):
        neuro.first_spike_loss(spikes, torch.tensor([0, 1]), scale=0)
    with pytest.raises(ValueError, match="a target for each of B = 2 samples"):
        neuro.first_spike_loss(spikes, torch.tensor([0, 1, 1]))
    graded = torch.ones(5, 2, 3) + spikes
    graded[1] = 2
    with pytest.raises(ValueError, match="need spikes, 0 or 1, got values from 1 to 2: graded"):
        neuro.first_spike_loss(graded, torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="lengths as integers from 1 to T = 5"):
        neuro.first_spike_time(spikes, torch.tensor([0, 6]))
