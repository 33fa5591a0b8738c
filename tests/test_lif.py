"""LIF: the fast path equals its definition, and both equal what was published."""

import itertools
import math

import pytest
import torch
from neuro_common import spike_train
from neuro_fixtures import golden

from axonal import neuro
from axonal.neuro import LIF, ATan, FastSigmoid, LeakyIntegrator, LIFState, Sigmoid, Triangle
from axonal.neuro.ops.lif import lif

ARCTAN = {"surrogate": "atan", "alpha": 2.0}
EXACT = {"rtol": 0, "atol": 1e-12}
SURROGATES = (("atan", 2.0), ("sigmoid", 4.0), ("fast_sigmoid", 10.0), ("triangle", 1.0))
CONVENTIONS = [
    pytest.param(
        {
            "decay_input": decay_input,
            "reset": reset,
            "detach_reset": detach,
            "refractory": refractory,
            "surrogate": name,
            "alpha": alpha,
        },
        id=f"{reset}-refractory{refractory}-{name}"
        + ("-input_decays" if decay_input else "")
        + ("-detached" if detach else ""),
    )
    for decay_input, reset, detach, refractory, (name, alpha) in itertools.product(
        (False, True), ("zero", "subtract"), (False, True), range(4), SURROGATES
    )
]


def arguments(steps, per_neuron, refractory, seed=0):
    """Input, potential, wait, decay and threshold, in float64, with gradients."""
    generator = torch.Generator().manual_seed(seed + steps)
    batch, n = 3, 4

    def uniform(low, high, *shape):
        values = torch.rand(shape, generator=generator, dtype=torch.float64)
        return (low + (high - low) * values).requires_grad_()

    x = uniform(-1.0, 3.0, steps, batch, n)
    v = uniform(-0.5, 0.9, batch, n)
    wait = torch.randint(0, refractory + 1, (batch, n), generator=generator).int()
    decay = uniform(0.3, 0.95, *((n,) if per_neuron else ()))
    threshold = uniform(0.4, 1.1, *((n,) if per_neuron else ()))
    return x, v, wait if refractory else None, decay, threshold


def run(backend, given, settings, used=(True, True, True)):
    """Outputs, and gradients of x, v, decay and threshold for cotangents on ``used`` outputs."""
    results = lif(*given, **settings, backend=backend)
    generator = torch.Generator().manual_seed(1)
    loss = torch.zeros((), dtype=torch.float64)
    for y, wanted in zip(results[:3], used, strict=True):
        weight = torch.randn(y.shape, generator=generator, dtype=y.dtype)
        if wanted:
            loss = loss + (weight * y).sum()
    leaves = [a for a in given if a is not None and a.requires_grad]
    grads = torch.autograd.grad(loss, leaves, allow_unused=True)
    return results, [torch.zeros(()) if g is None else g for g in grads]


def assert_parity(given, settings, used=(True, True, True)):
    fast, grads = run("eager", given, settings, used)
    exact, wanted = run("reference", given, settings, used)
    assert torch.equal(fast[0], exact[0])
    for mine, definition in zip(fast[1:3], exact[1:3], strict=True):
        torch.testing.assert_close(mine, definition, **EXACT)
    assert (fast[3] is None and exact[3] is None) or torch.equal(fast[3], exact[3])
    for mine, definition in zip(grads, wanted, strict=True):
        # sums over more steps and larger cotangents: relative to the size of the gradient
        torch.testing.assert_close(mine, definition.expand_as(mine), rtol=1e-12, atol=1e-12)
    return fast, grads


@pytest.mark.parametrize("settings", CONVENTIONS)
def test_the_fast_path_equals_the_definition(settings):
    fired = 0.0
    for steps, per_neuron in ((1, False), (7, True), (7, False), (63, True)):
        given = arguments(steps, per_neuron, settings["refractory"])
        results, grads = assert_parity(given, settings)
        assert all(g.abs().sum() > 0 for g in grads)
        fired += float(results[0].detach().sum())
    assert fired > 20


@pytest.mark.parametrize("used", [u for u in itertools.product((True, False), repeat=3) if any(u)])
@pytest.mark.parametrize("learns", list(itertools.product((True, False), repeat=2)))
def test_gradients_of_some_outputs_to_some_inputs(used, learns):
    settings = {"decay_input": True, "reset": "subtract", "detach_reset": False, "refractory": 2}
    settings |= ARCTAN
    x, v, wait, decay, threshold = arguments(9, True, 2)
    decay, threshold = (
        p if wanted else p.detach() for p, wanted in zip((decay, threshold), learns, strict=True)
    )
    given = x, v, wait, decay, threshold
    assert_parity(given, settings, used)
    constant_x = x.detach(), v, wait, decay, threshold
    assert_parity(constant_x, settings, used)


@pytest.mark.parametrize("size", [(2, 3, 2)])
def test_images_and_strided_inputs(size):
    x, v, _, decay, threshold = arguments(7, False, 0)
    x = x.detach().repeat(1, 1, 3).unflatten(2, size).transpose(3, 4).contiguous().transpose(3, 4)
    v = v.detach().repeat(1, 3).unflatten(1, size)
    settings = {"reset": "zero", **ARCTAN}
    assert not x.is_contiguous()
    assert_parity((x.requires_grad_(), v.requires_grad_(), None, decay, threshold), settings)


@pytest.mark.parametrize("refractory", [0, 2])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_the_operators_keep_the_rules_of_torch(reset, refractory):
    x, v, wait, decay, threshold = arguments(5, True, refractory)
    wait = torch.empty(0, dtype=torch.int32) if wait is None else wait
    settings = (True, reset, False, refractory, "atan", 2.0)
    torch.library.opcheck(torch.ops.axonal.lif.default, (x, v, wait, decay, threshold, *settings))
    _, potential, last, _ = torch.ops.axonal.lif.default(x, v, wait, decay, threshold, *settings)
    plain = [a.detach() for a in (x, v, wait, decay, threshold, potential)]
    for cotangents in (
        (torch.ones_like(x), torch.ones_like(x), torch.ones_like(last)),
        (None,) * 3,
    ):
        torch.library.opcheck(
            torch.ops.axonal.lif_backward.default, (*cotangents, *plain, *settings, True, True)
        )


@pytest.fixture
def poisoned():
    """Fill fresh memory with NaN, so that reading before writing shows."""
    torch.use_deterministic_algorithms(True)
    try:
        assert torch.empty(3).isnan().all()
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("refractory", [0, 3])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_nothing_is_read_before_it_is_written(reset, refractory, detach):
    settings = {"reset": reset, "detach_reset": detach, "refractory": refractory, **ARCTAN}
    given = arguments(7, True, refractory)
    results, grads = run("eager", given, settings | {"decay_input": True})
    assert all(a.isfinite().all() for a in (*results[:3], *grads))


def test_the_integrator_is_differentiated_exactly():
    x, v, _, decay, _ = arguments(6, True, 0)
    never = torch.tensor(math.inf, dtype=torch.float64)

    def integrate(x, v, decay):
        return lif(x, v, None, decay, never, decay_input=True)[1:3]

    assert torch.autograd.gradcheck(integrate, (x, v, decay))


def test_the_definition_can_be_differentiated_twice():
    x, v, _, decay, threshold = arguments(5, False, 0)

    def potential(x):
        return lif(x, v, None, decay, threshold, detach_reset=False, backend="reference")[1]

    (grad,) = torch.autograd.grad(potential(x).square().sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(grad.sum(), x)
    assert second.abs().sum() > 0


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
