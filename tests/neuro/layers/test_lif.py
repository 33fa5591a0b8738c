"""LIF: the conventions of the field, by hand and against what was published."""

import math

import pytest
import torch
from helpers.neuro import spike_train
from helpers.neuro_fixtures import golden

from axonal import neuro
from axonal.neuro import LIF, ATan, FastSigmoid, LeakyIntegrator, LIFState, Sigmoid, Triangle

EXACT = {"rtol": 0, "atol": 1e-12}


def sequence(*values):
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1)


def layer(*args, **kwargs):
    return LIF(1, *args, **kwargs).double()


def arctan_slope(u, alpha):
    return (alpha / 2) / (1 + (math.pi / 2 * alpha * u) ** 2)


def test_convention_of_the_delay_networks_by_hand():
    # v <- v (1 - 1/tau) + x; s = [v >= 1]; v <- v (1 - s); reset detached, ATan with alpha 5
    neuron = layer(2.0, decay="euler", surrogate=ATan(5))
    x = sequence(0.6, 0.6, 0.6, 0.4, 0.9).requires_grad_()
    # potentials 0.6, 0.9, 1.05 (fires), 0.4, 1.1 (fires)
    spikes, state = neuron(x)
    assert spikes.flatten().tolist() == [0, 0, 1, 0, 1]
    assert state.v.item() == 0
    spikes.sum().backward()
    slopes = [arctan_slope(u, 5) for u in (-0.4, -0.1, 0.05, -0.6, 0.1)]
    third = slopes[2]
    second = slopes[1] + 0.5 * third
    fifth = slopes[4]
    expected = [slopes[0] + 0.5 * second, second, third, slopes[3] + 0.5 * fifth, fifth]
    torch.testing.assert_close(
        x.grad.flatten(), torch.tensor(expected, dtype=torch.float64), **EXACT
    )


def test_the_published_time_constant_forgets_within_one_step():
    # tau 1.005 leaves 0.5 % of the potential: 0.99 + 0.0049 stays below 1, 0.996 + 0.00496 does not
    neuron = layer(1.005, decay="euler", surrogate=ATan(5))
    assert neuron.decay.item() == pytest.approx(0.0049751244, abs=1e-8)
    spikes, state = neuron(sequence(0.99, 0.99, 0.0, 0.996, 0.996))
    assert spikes.flatten().tolist() == [0, 0, 0, 0, 1]
    _, state = neuron(sequence(0.99, 0.5))
    assert state.v.item() == pytest.approx(0.5 + 0.99 * 0.0049751244, abs=1e-7)


def test_convention_with_a_decaying_input_by_hand():
    # v <- v + (x - v) / tau, reset not detached: dv/dh = 1 - s - h slope
    neuron = layer(2.0, decay="euler", decay_input=True, detach_reset=False)
    x = sequence(1.6, 1.6, 1.0).requires_grad_()
    # potentials 0.8, 1.2 (fires), 0.5
    spikes, state = neuron(x)
    assert spikes.flatten().tolist() == [0, 1, 0]
    torch.testing.assert_close(state.v.item(), 0.5)
    spikes.sum().backward()
    first, second, third = (arctan_slope(u, 2) for u in (-0.2, 0.2, -0.5))
    at_third = third
    at_second = second + 0.5 * at_third * (1 - 1 - 1.2 * second)
    at_first = first + 0.5 * at_second * (1 - 0 - 0.8 * first)
    expected = torch.tensor([at_first, at_second, at_third], dtype=torch.float64) / 2
    torch.testing.assert_close(x.grad.flatten(), expected, **EXACT)


def test_convention_with_exponential_decay_and_soft_reset_by_hand():
    # v <- beta v + (1 - beta) x; s = [v >= 1]; v <- v - s
    tau = 2.0
    beta = math.exp(-1 / tau)
    neuron = layer(tau, decay_input=True, reset="subtract")
    drive = 3.5
    h1 = (1 - beta) * drive
    h2 = beta * (h1 - 1) + (1 - beta) * drive
    h3 = beta * (h2 - 1)
    assert h1 > 1 and h2 > 1 and h3 < 1
    spikes, state = neuron(sequence(drive, drive, 0.0))
    assert spikes.flatten().tolist() == [1, 1, 0]
    assert state.v.item() == pytest.approx(h3, abs=1e-7)


def test_spikes_and_gradients_of_lmuformer():
    arrays = golden("lmuformer/lmuformer_reference.npz")
    neuron = LIF(4, 2.0, decay="euler", decay_input=True, surrogate=Sigmoid(4))
    x = arrays["C_in"].requires_grad_()
    spikes, state = neuron(x)
    assert torch.equal(spikes, arrays["C_spk"]) and 0 < spikes.mean() < 1
    potential = torch.stack([neuron(x[: t + 1])[1].v for t in range(len(x))])
    torch.testing.assert_close(potential, arrays["C_v"], rtol=0, atol=1e-6)
    torch.testing.assert_close(state.v, arrays["C_v"][-1], rtol=0, atol=1e-6)
    (spikes * arrays["C_gout"]).sum().backward()
    torch.testing.assert_close(x.grad, arrays["C_gin"], rtol=1e-5, atol=1e-6)


def test_a_refractory_neuron_holds_its_potential_and_ignores_its_input():
    neuron = layer(2.0, decay="euler", refractory=2, reset="subtract")
    x = sequence(1.4, 5.0, 5.0, 0.2, 0.9).requires_grad_()
    spikes, state = neuron(x)
    # 1.4 fires and leaves 0.4, held for two steps; then 0.2 + 0.2, then 0.2 + 0.9 fires again
    assert spikes.flatten().tolist() == [1, 0, 0, 0, 1]
    assert state.v.item() == pytest.approx(0.1) and state.wait.item() == 2
    spikes.sum().backward()
    assert x.grad.flatten()[1:3].tolist() == [0, 0] and x.grad[0] != 0


def test_a_neuron_at_its_threshold_fires():
    spikes, _ = layer(2.0, decay="euler")(sequence(1.0, math.nextafter(1.0, 0)))
    assert spikes.flatten().tolist() == [1, 0]


@pytest.mark.parametrize(
    ("surrogate", "area"),
    [(ATan(3.0), 1.0), (Sigmoid(3.0), 1.0), (FastSigmoid(3.0), 2 / 3), (Triangle(3.0), 1 / 3)],
)
def test_surrogates_have_the_area_of_their_formula(surrogate, area):
    u = torch.linspace(-200, 200, 4_000_001, dtype=torch.float64)
    slope = surrogate.derivative(u)
    # heavy tails beyond the range hold 4 / (pi^2 alpha u) and 2 / (alpha^2 u)
    assert torch.trapezoid(slope, u).item() == pytest.approx(area, abs=2e-3)
    assert slope.argmax() == len(u) // 2
    torch.testing.assert_close(slope, slope.flip(0), **EXACT)


def test_one_time_constant_and_threshold_a_neuron_are_learned():
    torch.manual_seed(0)
    neuron = LIF(3, torch.tensor([2.0, 5.0, 9.0]), threshold=0.8, learn=("tau", "threshold"))
    torch.testing.assert_close(neuron.tau, torch.tensor([2.0, 5.0, 9.0]))
    torch.testing.assert_close(neuron.threshold, torch.full((3,), 0.8))
    optimiser = torch.optim.SGD(neuron.parameters(), lr=1.0)
    for _ in range(3):
        optimiser.zero_grad()
        neuron(torch.rand(10, 4, 3))[0].mean().backward()
        optimiser.step()
    assert (neuron.tau - torch.tensor([2.0, 5.0, 9.0])).abs().min() > 1e-4
    assert (neuron.threshold - 0.8).abs().min() > 1e-4


def test_no_step_of_an_optimiser_makes_parameters_invalid():
    neuron = LIF(2, 5.0, learn=("tau", "threshold"))
    for push in (-50.0, 50.0):
        with torch.no_grad():
            neuron.decay_logit.fill_(push)
            neuron.log_threshold.fill_(push)
        assert ((neuron.decay >= 0) & (neuron.decay <= 1) & (neuron.threshold > 0)).all()


@pytest.mark.parametrize(("decay", "tau"), [("exp", 0.3), ("exp", 7.0), ("euler", 1.0)])
def test_the_time_constant_is_read_back_from_the_decay(decay, tau):
    assert LIF(1, tau, decay=decay).tau.item() == pytest.approx(tau, rel=1e-5)


def test_an_infinite_time_constant_integrates_without_leak():
    neuron = layer(math.inf, reset="subtract")
    spikes, _ = neuron(sequence(*[0.25] * 8))
    assert spikes.flatten().tolist() == [0, 0, 0, 1] * 2
    assert neuron.tau.item() == math.inf and "tau=inf" in repr(neuron)


def test_the_integrator_sums_and_leaks():
    v, state = LeakyIntegrator(1, 4.0, decay="euler", decay_input=True).double()(
        sequence(4.0, 0, 0)
    )
    torch.testing.assert_close(v.flatten().tolist(), [1.0, 0.75, 0.5625])
    assert state.v.item() == v[-1].item()


@pytest.mark.parametrize("refractory", [0, 3])
def test_both_back_ends_of_the_layer_agree(refractory):
    x = spike_train(0, 20, 3, 5, dtype=torch.float32) * 0.7
    fast = LIF(5, 3.0, refractory=refractory)
    slow = LIF(5, 3.0, refractory=refractory, backend="reference")
    (s, state), (s2, state2) = fast(x), slow(x)
    assert torch.equal(s, s2) and s.any()
    torch.testing.assert_close(state, state2)


def test_the_state_is_what_the_next_call_needs():
    neuron = layer(5.0, refractory=2)
    x = sequence(*[0.6] * 9)
    whole, end = neuron(x)
    first, state = neuron(x[:4])
    second, state = neuron(x[4:], state)
    assert torch.equal(torch.cat((first, second)), whole)
    assert isinstance(state, LIFState) and torch.equal(state.v, end.v)
    assert not neuro.detach(state).v.requires_grad
