"""DelayedLinear: interpolation, learning within bounds, rounding, freezing."""

import io

import pytest
import torch
from helpers.neuro import spike_train
from hypothesis import given
from hypothesis import strategies as st

from axonal import neuro
from axonal.neuro import DelayedLinear
from axonal.neuro.ops.delayed_linear import delay_kernel

EXACT = {"rtol": 0, "atol": 1e-12}


def by_definition(x, weight, delay):
    """Sum whole delays with three loops, y_t = sum_i w_oi x_i(t - d_oi)."""
    y = x.new_zeros(*x.shape[:2], weight.shape[0])
    for o, row in enumerate(delay.tolist()):
        for i, d in enumerate(row):
            y[d:, :, o] += weight[o, i] * x[: len(x) - d, :, i]
    return y


def single(kernel, delay, max_delay=6, **kwargs):
    """One synapse of weight 1 in float64."""
    layer = DelayedLinear(1, 1, max_delay, kernel=kernel, delay=[[delay]], **kwargs).double()
    torch.nn.init.ones_(layer.weight)
    return layer


def impulse(steps=10):
    x = torch.zeros(steps, 1, 1, dtype=torch.float64)
    x[0] = 1
    return x


@given(st.integers(0, 6), st.integers(0, 2**16))
def test_whole_delays_equal_the_definition(max_delay, seed):
    torch.manual_seed(seed)
    delay = torch.randint(0, max_delay + 1, (4, 3))
    x = torch.randn(9, 2, 3, dtype=torch.float64)
    for kernel in ("gaussian", "two-tap", "one-tap"):
        layer = DelayedLinear(3, 4, max_delay, kernel=kernel, delay=delay).double().eval()
        expected = by_definition(x, layer.weight, delay)
        torch.testing.assert_close(layer(x)[0], expected, **EXACT)


@given(st.floats(0, 6))
def test_two_taps_interpolate_linearly(delay):
    y = single("two-tap", delay)(impulse())[0].flatten()
    given_delay = torch.tensor(delay, dtype=torch.float32).double()
    # the line through the two whole delays: sum and mean of the response are weight and delay
    expected = (1 - (torch.arange(10) - given_delay).abs()).clamp(min=0)
    torch.testing.assert_close(y, expected, **EXACT)


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap"])
def test_the_gradient_of_a_delay_is_that_of_the_output(kernel):
    torch.manual_seed(0)
    weight = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    # off the whole steps, where the line between two taps has a corner
    delay = (torch.randint(0, 5, (3, 2)) + 0.2 + 0.6 * torch.rand(3, 2)).double().requires_grad_()

    def dense(weight, delay):
        return delay_kernel(weight, delay, 0.8, kernel, 5)

    assert torch.autograd.gradcheck(dense, (weight, delay))


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap"])
def test_the_gradient_of_the_layer_equals_finite_differences(kernel):
    x = spike_train(0, 20, 2, 1)
    target = torch.randn(20, 2, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def loss(layer):
        return (layer(x)[0] - target).square().mean()

    layer = single(kernel, 2.375, sigma=0.8)
    (grad,) = torch.autograd.grad(loss(layer), layer.position)
    step = 2.0**-20
    with torch.no_grad():
        later, earlier = single(kernel, 2.375, sigma=0.8), single(kernel, 2.375, sigma=0.8)
        later.position += step
        earlier.position -= step
        slope = (loss(later) - loss(earlier)) / (2 * step)
    assert grad.item() == pytest.approx(slope.item(), rel=1e-6) and abs(slope) > 1e-4


@pytest.mark.parametrize("sigma", [0.5, 1.3, 4.0])
def test_a_straight_through_delay_runs_rounded_and_learns_by_the_gaussian(sigma):
    torch.manual_seed(0)
    x = torch.randn(20, 2, 3, dtype=torch.float64)
    cotangent = torch.randn(20, 2, 4, dtype=torch.float64)

    def passed(kernel, delay):
        layer = DelayedLinear(3, 4, 6, kernel=kernel, sigma=sigma, delay=delay).double()
        torch.nn.init.ones_(layer.weight)
        y, _ = layer(x)
        # a kernel of one tap leaves the position out
        wanted = (layer.weight, layer.position)[: 1 if kernel == "one-tap" else 2]
        return y, *torch.autograd.grad((y * cotangent).sum(), wanted)

    delay = 6 * torch.rand(4, 3)
    y, g_weight, g_delay = passed("straight-through", delay)
    rounded = passed("one-tap", delay)
    torch.testing.assert_close((y, g_weight), rounded, **EXACT)
    torch.testing.assert_close(g_delay, passed("gaussian", delay)[2], **EXACT)


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap", "straight-through"])
@pytest.mark.parametrize("outward", [-1.0, 1.0])
def test_delays_stay_in_range_and_come_back(kernel, outward):
    torch.manual_seed(0)
    layer = DelayedLinear(3, 4, max_delay=5, kernel=kernel)
    optimiser = torch.optim.Adam([layer.position], lr=0.1)

    def push(direction, steps):
        for _ in range(steps):
            optimiser.zero_grad()
            (-direction * layer.delay.sum()).backward()
            optimiser.step()
            assert ((layer.delay >= 0) & (layer.delay <= 5)).all()

    bound = 5 if outward > 0 else 0
    push(outward, 300)
    assert (layer.delay == bound).all()
    # only momentum carries the parameter outside, for some steps: it comes back as quickly
    assert ((layer.position > -1.5) & (layer.position < 6.5)).all()
    push(-outward, 60)
    assert (layer.delay != bound).all()


@pytest.mark.parametrize("kernel", ["gaussian", "straight-through"])
def test_a_delay_is_learned_from_its_effect(kernel):
    # the target is the input five steps later; the delay must travel there from two
    torch.manual_seed(0)
    layer = DelayedLinear(1, 1, max_delay=8, kernel=kernel, delay=[[2.0]])
    torch.nn.init.ones_(layer.weight)
    optimiser = torch.optim.Adam(neuro.param_groups(layer, lr=0.001, delay_lr=0.1))
    schedule = neuro.SigmaSchedule(layer, epochs=60)
    x = spike_train(0, 200, 4, 1, rate=0.1, dtype=torch.float32)
    for epoch in range(80):
        schedule.set_epoch(epoch)
        optimiser.zero_grad()
        (layer(x)[0][5:] - x[:-5]).square().mean().backward()
        optimiser.step()
    assert layer.delay.item() == pytest.approx(5, abs=0.1 if kernel == "gaussian" else 0.5)


def test_evaluation_rounds_unless_told_not_to():
    layer = single("gaussian", 2.4, sigma=0.6)
    trained = layer(impulse())[0].flatten()
    layer.eval()
    assert layer(impulse())[0].flatten().nonzero().tolist() == [[2]]
    layer.round_in_evaluation = False
    assert torch.equal(layer(impulse())[0].flatten(), trained)
    assert layer.delay.item() == pytest.approx(2.4)


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap"])
def test_frozen_delays_run_in_training_what_runs_in_evaluation(kernel):
    torch.manual_seed(0)
    layer = DelayedLinear(5, 4, max_delay=6, kernel=kernel)
    x = torch.randn(12, 2, 5)
    assert not torch.allclose(layer(x)[0], layer.eval()(x)[0])
    neuro.freeze_delays(layer.train())
    assert torch.equal(layer(x)[0], layer.eval()(x)[0])
    assert layer.frozen and not layer.position.requires_grad and "frozen" in repr(layer)
    assert torch.equal(layer.delay, layer.delay.round())
    layer.train()(x)[0].sum().backward()
    assert layer.position.grad is None and layer.weight.grad is not None
    assert [g["name"] for g in neuro.param_groups(layer, lr=0.1)] == ["weights"]
    neuro.set_sigma(layer, 3.0)
    neuro.SigmaSchedule(layer, epochs=3).set_epoch(1)
    assert layer.frozen and layer.sigma == 0


@pytest.mark.parametrize("frozen", [True, False])
def test_a_saved_state_remembers_whether_delays_are_frozen(frozen):
    torch.manual_seed(0)
    saved, loaded = DelayedLinear(3, 4, 6, sigma=0.7), DelayedLinear(3, 4, 6)
    if frozen:
        saved.freeze_delays()
    else:
        loaded.freeze_delays()
    file = io.BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    loaded.load_state_dict(torch.load(file, weights_only=True))
    assert loaded.frozen is frozen and loaded.position.requires_grad is not frozen
    x = torch.randn(12, 2, 3)
    assert torch.equal(saved(x)[0], loaded(x)[0])


def test_one_tap_delays_are_fixed_from_the_start():
    torch.manual_seed(0)
    layer = DelayedLinear(20, 30, max_delay=9, kernel="one-tap")
    assert torch.equal(layer.delay, layer.delay.round())
    assert set(layer.delay.flatten().tolist()) == set(range(10))
    assert not layer.position.requires_grad
    x = torch.randn(15, 2, 20)
    assert torch.equal(layer(x)[0], layer.eval()(x)[0])


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap", "one-tap", "straight-through"])
def test_without_delay_it_is_a_linear_layer(kernel):
    layer = DelayedLinear(3, 4, max_delay=0, kernel=kernel, bias=True).double()
    x = torch.randn(7, 2, 3, dtype=torch.float64)
    y, state = layer(x)
    torch.testing.assert_close(y, x @ layer.weight.T + layer.bias, **EXACT)
    assert state.history.shape == (0, 2, 3)
    # nothing to learn: a parameter without gradient would stop distributed training
    assert not layer.position.requires_grad
    neuro.SigmaSchedule(layer, epochs=2).set_epoch(0)


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap", "straight-through"])
def test_chunks_equal_one_call_while_training(kernel):
    torch.manual_seed(0)
    layer = DelayedLinear(3, 4, max_delay=5, kernel=kernel).double()
    x = torch.randn(14, 2, 3, dtype=torch.float64)
    whole, end = layer(x)
    parts, state = [], None
    for chunk in x.split([1, 2, 7, 4]):
        y, state = layer(chunk, state)
        parts.append(y)
    torch.testing.assert_close(torch.cat(parts), whole, **EXACT)
    torch.testing.assert_close(state, end)
    torch.testing.assert_close(end.history, x[-5:])


def test_initial_delays_fill_their_range():
    torch.manual_seed(0)
    delay = DelayedLinear(50, 60, max_delay=8).delay
    assert delay.min() < 0.1 and delay.max() > 7.9
    assert delay.mean().item() == pytest.approx(4, abs=0.1)


def test_masked_synapses_stay_zero_through_training():
    torch.manual_seed(0)
    mask = (torch.rand(4, 6) < 0.5).float()
    layer = DelayedLinear(6, 4, max_delay=3, mask=mask)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    before = layer.weight.detach().clone()
    for _ in range(5):
        optimiser.zero_grad()
        layer(torch.randn(10, 2, 6))[0].square().mean().backward()
        optimiser.step()
    assert not layer.weight[mask == 0].any() and not layer.masked_weight[mask == 0].any()
    assert (layer.weight != before)[mask == 1].all()
    assert "synapses=" in repr(layer)


def test_parameter_groups_hold_every_parameter_once():
    net = neuro.Sequential(
        neuro.DelayedLinear(3, 4, 5, bias=True),
        neuro.BatchNorm(4),
        neuro.LIF(4, learn=("tau", "threshold")),
        neuro.Recurrent(neuro.LIF(4), neuro.DelayedLinear(4, 4, 2)),
        neuro.Linear(4, 2),
    )
    groups = neuro.param_groups(net, lr=1e-3, weight_decay=0.1)
    ids = [id(p) for group in groups for p in group["params"]]
    assert sorted(ids) == sorted(map(id, net.parameters()))
    rows = {g["name"]: (len(g["params"]), g["lr"], g["weight_decay"]) for g in groups}
    assert rows == {"weights": (3, 1e-3, 0.1), "others": (6, 1e-3, 0.0), "delays": (2, 0.1, 0.0)}


def test_set_sigma_reaches_every_layer():
    net = neuro.Sequential(neuro.DelayedLinear(3, 4, 5), neuro.DelayedLinear(4, 2, 9))
    assert [m.sigma.item() for m in net] == pytest.approx([2.77, 4.77])
    neuro.set_sigma(net, 0.5)
    assert [m.sigma.item() for m in net] == [0.5, 0.5]
