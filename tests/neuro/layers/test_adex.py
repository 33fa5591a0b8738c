"""AdEx: the equations step by step, the limits without upswing and with it, finite always."""

import math

import pytest
import torch
from helpers.neuro import EXACT, double, spike_train

from axonal.neuro import AdEx, CuBaLIF


def test_an_upswing_far_away_leaves_a_current_based_neuron():
    x = spike_train(4, 30, 2, 4) * 0.9
    # exp(-900) is 0
    far = {"slope": 1e-3, "onset": 1.4, "threshold": 0.5, "jump": 0.0}
    spikes, state = double(AdEx, 4, 6.0, 3.0, **far)(x)
    same, end = double(CuBaLIF, 4, 6.0, 3.0, threshold=0.5, decay_input=True)(x)
    assert torch.equal(spikes, same) and spikes.any()
    torch.testing.assert_close(state.v, end.v, **EXACT)


def test_an_upswing_that_outweighs_the_leak_ends_in_a_spike_without_input():
    neuron = double(AdEx, 1, 10.0, 1.0, slope=0.1, onset=1.0, threshold=2.0, jump=0.0)
    rest = neuron.init(torch.zeros(1, 1, dtype=torch.float64))
    silence = torch.zeros(80, 1, 1, dtype=torch.float64)
    # at 1.2 the exponential is 0.1 e^2 = 0.74, at 1.3 it is 2.0
    spikes = [neuron(silence, rest._replace(v=rest.v + v))[0].sum().item() for v in (1.2, 1.3)]
    assert spikes == [0, 1]


def test_the_variables_of_adex_follow_their_equations():
    neuron = double(
        AdEx, 1, 4.0, 2.0, 8.0, slope=0.5, onset=0.75, subthreshold=0.5, jump=0.25,
        v_reset=-0.25, decay="euler",
    )  # fmt: skip
    i = v = w = 0.0
    state, fired = None, 0
    for x in (0.5, 2.0, 3.0, 1.0, -2.0, 4.0, 4.0):
        s, state = neuron.step(torch.tensor([[x]], dtype=torch.float64), state)
        i = i / 2 + x
        upswing = 0.5 * math.exp((v - 0.75) / 0.5)
        h, w = v + (i - v + upswing - w) / 4, w + (0.5 * v - w) / 8
        if h >= 1:
            h, w, fired = -0.25, w + 0.25, fired + 1
        v = h
        assert [a.item() for a in state] == pytest.approx([i, v, w], rel=1e-12)
        assert s.item() == (v == -0.25)
    assert fired > 1


@pytest.mark.parametrize("v", [1e30, -1e30, 80.0])
def test_the_exponential_of_any_state_is_finite(v):
    neuron = AdEx(1, slope=0.02)
    state = neuron.init(torch.zeros(1, 1))
    spikes, after = neuron(torch.zeros(5, 1, 1), state._replace(v=state.v + v))
    assert all(a.isfinite().all() for a in (spikes, *after))
