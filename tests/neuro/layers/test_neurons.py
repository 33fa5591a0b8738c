"""Neurons beside LIF: each against a closed form, a published figure or its gradient by hand."""

import cmath
import math

import pytest
import torch
from helpers.layers import NEURONS
from helpers.neuro import EXACT, double, sequence, spike_train

from axonal import neuro
from axonal.neuro import (
    ALIF,
    IF,
    KLIF,
    LIF,
    PLIF,
    ATan,
    CuBaLIF,
    GradedLIF,
    ResonateAndFire,
)

SHARP = ATan(2.0)


def impulse(steps, size=1.0):
    x = torch.zeros(steps, 1, 1, dtype=torch.float64)
    x[0] = size
    return x


def slope(u):
    return SHARP.derivative(torch.as_tensor(u, dtype=torch.float64)).item()


def state_trace(neuron, x, name):
    state, values = None, []
    for x_t in x:
        _, state = neuron.step(x_t, state)
        values.append(getattr(state, name))
    return torch.cat(values).flatten()


# integrate and fire


@pytest.mark.parametrize("sixteenths", range(1, 17))
def test_the_rate_of_an_integrator_that_fires_is_its_input(sixteenths):
    x = torch.full((160, 1, 1), sixteenths / 16)
    spikes, _ = IF(1, reset="subtract")(x)
    # the t-th step has seen x t in all, and one spike left for every whole threshold of it
    expected = torch.floor(torch.arange(1, 161) * sixteenths / 16)
    assert torch.equal(spikes.flatten().cumsum(0), expected)


def test_if_is_a_lif_without_leak():
    x = spike_train(0, 30, 3, 4, dtype=torch.float32) * 0.4
    spikes, state = IF(4, refractory=1)(x)
    same, end = LIF(4, math.inf, refractory=1)(x)
    assert torch.equal(spikes, same) and spikes.any()
    torch.testing.assert_close(state, end)


# parametric


def test_plif_is_the_published_step_and_gradient():
    # H = V + k (X - V), k = sigmoid(a); the layer holds -a
    neuron = double(PLIF, 1, 4.0, surrogate=SHARP)
    x = sequence(2.0, 3.0)
    spikes, state = neuron(x)
    k = 0.25
    first = k * 2.0
    second = first + k * (3.0 - first)
    assert spikes.flatten().tolist() == [0, 1] and state.v.item() == 0
    assert second > 1 > first
    spikes.sum().backward()
    through_first = slope(first - 1) * 2.0 + slope(second - 1) * (1 - k) * 2.0
    to_k = through_first + slope(second - 1) * (3.0 - first)
    assert neuron.decay_logit.grad.item() == pytest.approx(-to_k * k * (1 - k), rel=1e-12)


def test_plif_learns_a_time_constant_a_neuron():
    torch.manual_seed(0)
    neuron = PLIF(3, 2.0)
    neuron(torch.rand(10, 4, 3))[0][:, :, 0].sum().backward()
    assert neuron.decay_logit.grad[0] != 0 and not neuron.decay_logit.grad[1:].any()


# scaled


def test_a_scale_of_one_leaves_a_lif_that_never_falls_below_zero():
    x = spike_train(1, 40, 3, 4, dtype=torch.float32) * 0.7
    settings = {"threshold": 0.4, "decay_input": True, "reset": "subtract"}
    spikes, state = KLIF(4, 3.0, **settings)(x)
    same, end = LIF(4, 3.0, **settings)(x)
    assert torch.equal(spikes, same) and torch.equal(state.v, end.v) and spikes.any()
    assert KLIF(1)(torch.full((3, 1, 1), -2.0))[1].v.item() == 0


@pytest.mark.parametrize(("back", "v"), [(False, [0.75, 0.9375, 1.078125]), (True, [0.5] * 3)])
def test_a_scaled_potential_is_kept_or_scaled_back(back, v):
    neuron = double(KLIF, 1, 2.0, 1.5, threshold=9.0, decay="euler", scale_reset=back)
    assert state_trace(neuron, sequence(0.5, 0.25, 0.25), "v").tolist() == v


def test_every_neuron_learns_its_own_scale():
    torch.manual_seed(0)
    neuron = KLIF(3, learn="k")
    neuron(torch.rand(10, 4, 3))[0][:, :, 0].sum().backward()
    assert neuron.k.grad[0] != 0 and not neuron.k.grad[1:].any()


# current-based


@pytest.mark.parametrize("decay", ["exp", "euler"])
def test_the_response_of_cuba_to_a_spike_is_a_difference_of_powers(decay):
    neuron = double(CuBaLIF, 1, 10.0, 4.0, threshold=100.0, decay=decay)
    d, a = neuron.decay.item(), neuron.decay_synapse.item()
    t = torch.arange(50, dtype=torch.float64)
    x = impulse(50)
    torch.testing.assert_close(state_trace(neuron, x, "i"), a**t, **EXACT)
    expected = (d ** (t + 1) - a ** (t + 1)) / (d - a)
    torch.testing.assert_close(state_trace(neuron, x, "v"), expected, **EXACT)


def test_the_response_of_cuba_peaks_where_two_exponentials_do():
    tau, synapse = 200.0, 50.0
    neuron = double(CuBaLIF, 1, tau, synapse, threshold=1e9)
    v = state_trace(neuron, impulse(400), "v")
    peak = tau * synapse / (tau - synapse) * math.log(tau / synapse)
    assert int(v.argmax()) + 1 == pytest.approx(peak, abs=1)


def test_cuba_with_an_instant_synapse_is_a_lif():
    x = spike_train(1, 40, 3, 4, dtype=torch.float32) * 0.7
    settings = {"decay": "euler", "refractory": 2, "reset": "subtract", "decay_input": True}
    spikes, state = CuBaLIF(4, 3.0, 1.0, threshold=0.3, **settings)(x)
    same, end = LIF(4, 3.0, threshold=0.3, **settings)(x)
    assert torch.equal(spikes, same) and spikes.any()
    assert torch.equal(state.v, end.v) and torch.equal(state.wait, end.wait)


@pytest.mark.parametrize("refractory", [0, 2])
def test_the_back_ends_of_cuba_agree_in_spikes_state_and_gradients(refractory):
    def run(backend):
        neuron = CuBaLIF(
            5, 6.0, 3.0, refractory=refractory, learn=("tau", "tau_synapse", "threshold"),
            detach_reset=False, backend=backend,
        ).double()  # fmt: skip
        x = (spike_train(2, 25, 3, 5) * 0.4).requires_grad_()
        spikes, state = neuron(x)
        ((spikes * torch.linspace(-1, 1, 5)).sum() + state.v.sum() + state.i.sum()).backward()
        return (
            spikes.detach(),
            neuro.detach(state),
            [x.grad, *(p.grad for p in neuron.parameters())],
        )

    fast, slow = run("cpu"), run("reference")
    assert torch.equal(fast[0], slow[0]) and fast[0].any()
    torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-12)
    assert all(g.any() for g in fast[2])


# adaptive


def test_the_adaptation_decays_geometrically_after_a_spike():
    neuron = double(ALIF, 1, 1.0, 7.0, decay="euler")
    a = state_trace(neuron, impulse(20, 1.5), "a")
    rho = 1 - 1 / 7
    expected = (1 - rho) * rho ** torch.arange(20, dtype=torch.float64)
    torch.testing.assert_close(a, expected, **EXACT)


@pytest.mark.parametrize(("drive", "beta"), [(0.3, 5.0), (0.4, 8.0), (0.15, 3.0)])
def test_adaptation_slows_a_neuron_to_the_interval_of_the_closed_form(drive, beta):
    # without leak h grows by the drive; at period P the adaptation just after a spike is
    # (1 - rho) / (1 - rho^P), and the neuron fires at the first k with k drive >= A_k
    tau = 25.0
    rho = math.exp(-1 / tau)

    def next_interval(p):
        a = (1 - rho) / (1 - rho**p)
        return next(k for k in range(1, 999) if k * drive >= 1 + beta * a * rho ** (k - 1))

    steady = [p for p in range(1, 200) if next_interval(p) == p]
    assert steady
    neuron = double(ALIF, 1, math.inf, tau, beta=beta, reset="zero")
    spikes, _ = neuron(torch.full((600, 1, 1), drive, dtype=torch.float64))
    intervals = spikes.flatten().nonzero().flatten().diff()
    assert intervals[-1].item() in steady and len(set(intervals[-5:].tolist())) == 1
    assert intervals[0] < intervals[-1] and (intervals.diff() >= 0).all()


def test_the_reset_of_alif_subtracts_the_threshold_in_force():
    neuron = double(ALIF, 1, 2.0, 2.0, beta=2.0, decay="euler")
    spikes, state = neuron(sequence(1.5, 3.0))
    # 1.5 - 1 = 0.5 stays; then h = 3.25 and A = 1 + 2 (0.5) = 2
    assert spikes.flatten().tolist() == [1, 1]
    assert state.v.item() == 1.25 and state.a.item() == 0.75


def test_gradients_of_alif_pass_through_the_adaptation():
    neuron = double(ALIF, 1, 1.0, 2.0, beta=2.0, decay="euler", surrogate=SHARP)
    x = sequence(1.5, 1.5).requires_grad_()
    spikes, _ = neuron(x)
    # memoryless potential: the second spike depends on the first input by A = 1 + 2 (0.5 s) alone
    spikes[1].sum().backward()
    second = slope(1.5 - 2)
    expected = [-second * 2 * 0.5 * slope(1.5 - 1), second]
    assert x.grad.flatten().tolist() == pytest.approx(expected, rel=1e-12)


# current-based and adaptive


# graded


def test_graded_spikes_carry_the_potential_of_a_lif_that_fires_at_the_same_steps():
    x = spike_train(3, 40, 3, 4) * 0.8
    settings = {"refractory": 1, "reset": "subtract"}
    y, state = double(GradedLIF, 4, 3.0, **settings)(x)
    spikes, end = double(LIF, 4, 3.0, **settings)(x)
    assert torch.equal((y != 0).double(), spikes) and spikes.any()
    assert (y[y != 0] >= 1).all() and y.unique().numel() > 3
    torch.testing.assert_close(state, end)


def test_nothing_is_lost_by_graded_spikes_without_leak():
    # reset to zero hands over the whole charge: what came in went out or is still there
    x = torch.rand(50, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y, state = double(GradedLIF, 3, math.inf)(x)
    torch.testing.assert_close(y.sum(0) + state.v, x.sum(0), **EXACT)


def test_the_gradient_of_a_graded_spike():
    neuron = double(GradedLIF, 1, 2.0, surrogate=SHARP)
    x = sequence(1.25).requires_grad_()
    y, _ = neuron(x)
    y.sum().backward()
    assert y.item() == 1.25
    assert x.grad.item() == pytest.approx(1 + 1.25 * slope(0.25), rel=1e-12)


@pytest.mark.parametrize("settings", [{}, {"reset": "subtract", "refractory": 2, "learn": "tau"}])
def test_recomputed_graded_spikes_have_the_same_gradients_and_keep_no_step(settings):
    x, found, kept = spike_train(3, 30, 2, 4) * 0.8, [], []
    for recompute in (False, True):
        neuron = double(GradedLIF, 4, 3.0, recompute=recompute, **settings)
        given, saved = x.clone().requires_grad_(), []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, s=saved: s.append(t) or t, lambda t: t
        ):
            y, state = neuron(given)
        (y.square().sum() + state.v.sum()).backward()
        learned = [p.grad for p in neuron.parameters()]
        found.append([y, state.v, given.grad, *learned])
        kept.append(sum(t.numel() for t in saved))
    assert found[0][0].any() and found[0][2].any()
    for ours, theirs in zip(*found, strict=True):
        assert torch.equal(ours, theirs)
    assert kept[1] <= 2 * x.numel() < kept[0]


# resonate and fire


def test_the_response_of_a_resonator_is_a_damped_oscillation():
    tau, period = 15.0, 9.0
    neuron = double(ResonateAndFire, 1, tau, period, threshold=50.0)
    t = torch.arange(60, dtype=torch.float64)
    turned = 2 * math.pi * t / period
    x = impulse(60)
    torch.testing.assert_close(
        state_trace(neuron, x, "u"), torch.exp(-t / tau) * turned.cos(), **EXACT
    )
    torch.testing.assert_close(
        state_trace(neuron, x, "v"), torch.exp(-t / tau) * turned.sin(), **EXACT
    )


@pytest.mark.parametrize("reset", ["threshold", "zero"])
def test_a_doublet_fires_a_resonator_at_its_period_only(reset):
    # Izhikevich 2001: one pulse is too weak, two count if they come a period apart
    period = 20
    neuron = double(ResonateAndFire, 1, 60.0, float(period), threshold=1.0, reset=reset)

    def fires(*steps, size=0.75):
        x = torch.zeros(90, 1, 1, dtype=torch.float64)
        for step in steps:
            x[step] += size
        return bool(neuron(x)[0].any())

    turn = cmath.exp(complex(-1 / 60, 2 * math.pi / period))
    assert not fires(0)
    found = [gap for gap in range(1, 45) if fires(0, gap)]
    expected = [
        gap
        for gap in range(1, 45)
        if max((0.75 * (turn**gap + 1) * turn**k).imag for k in range(period)) >= 1
    ]
    assert found == expected
    assert {20, 40} <= set(found) and not {8, 10, 12, 28, 30, 32} & set(found)
    # a strong inhibitory pulse makes it fire by rebound, half a turn later
    assert fires(0, size=-1.6)


def test_a_resonator_goes_on_from_the_published_reset():
    neuron = double(ResonateAndFire, 1, 20.0, 4.0)
    spikes, state = neuron(sequence(2.0, 0.0))
    assert spikes.flatten().tolist() == [0, 1]
    assert (state.u.item(), state.v.item()) == (0, 1)
    # from i the oscillation turns to u = -exp(-1 / tau), a quarter of a period on
    _, state = neuron(sequence(0.0), state)
    assert state.u.item() == pytest.approx(-math.exp(-1 / 20), abs=1e-12)
    assert state.v.item() == pytest.approx(0, abs=1e-12)


def test_gradients_of_a_resonator_below_threshold_are_those_of_a_linear_filter():
    neuron = double(ResonateAndFire, 2, 9.0, 6.0, learn=("tau", "period"), threshold=100.0)
    logits = (neuron.decay_logit, neuron.omega_logit)
    x = torch.randn(6, 1, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def end(x, decay_logit, omega_logit):
        values = {"decay_logit": decay_logit, "omega_logit": omega_logit}
        return torch.func.functional_call(neuron, values, (x,))[1]

    assert torch.autograd.gradcheck(end, (x.requires_grad_(), *logits))


# all of them


LEARNING = [name for name, neuron in NEURONS.items() if neuron.make(4).learn]


@pytest.mark.parametrize("kind", LEARNING)
def test_everything_that_learns_gets_a_gradient_and_keeps_its_start(kind):
    torch.manual_seed(0)
    neuron = NEURONS[kind].make(4)
    spikes, _ = neuron(torch.rand(30, 3, 4))
    spikes.sum().backward()
    assert spikes.any()
    assert [name for name, p in neuron.named_parameters() if not p.grad.all()] == []
    for name in neuron.learn:
        assert (getattr(neuron, name) > 0).all(), name


def test_time_constants_are_read_back():
    def near(value):
        return pytest.approx(value, rel=1e-5)

    assert CuBaLIF(1, 7.0, 3.0, learn="tau_synapse").tau_synapse.item() == near(3.0)
    assert ALIF(1, 7.0, 30.0, decay="euler").tau_adaptation.item() == near(30.0)
    learned = ResonateAndFire(2, 5.0, [3.0, 12.0], learn="period")
    assert learned.period.tolist() == near([3.0, 12.0])
    assert "period=3 to 12" in repr(learned) and "tau_synapse=5" in repr(CuBaLIF(1))


@pytest.mark.parametrize("kind", NEURONS)
def test_a_loop_streams_and_is_reported(kind):
    torch.manual_seed(0)
    net = neuro.Sequential(
        {"loop": neuro.Recurrent(NEURONS[kind].make(4), neuro.Linear(4, 4), delay=2)}
    ).eval()
    x = torch.rand(20, 3, 4)
    y, _ = net(x)
    stream = neuro.Streamer(net)
    streamed = torch.stack([stream(x_t) for x_t in x])
    torch.testing.assert_close(streamed, y.detach())
    (row,) = [r for r in neuro.spike_report(net, x).layers if r.path == "loop.body"]
    assert row.rate == pytest.approx((y != 0).float().mean().item())
    assert 0 < row.rate < 1 and row.gradient > 0
    _, traces = neuro.record(net, x, {"loop.body": ("spikes", "v")})
    assert torch.equal(traces["loop.body"]["spikes"], y) and traces["loop.body"]["v"].any()


@pytest.mark.parametrize("kind", ["if", "plif"])
def test_a_loop_of_neurons_that_are_lifs_runs_as_one_operator(kind):
    torch.manual_seed(0)
    loop = neuro.Recurrent(NEURONS[kind].make(4), neuro.Linear(4, 4))
    x = torch.rand(20, 3, 4)
    seen = []
    handle = loop.body.register_forward_hook(lambda *_: seen.append(1))
    slow, _ = loop(x)
    handle.remove()
    assert len(seen) == 20
    fast, _ = loop(x)
    assert torch.equal(fast, slow) and fast.any()
