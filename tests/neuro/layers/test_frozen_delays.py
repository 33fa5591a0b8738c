"""Frozen delays stay what they were, whatever happens to the parameter behind them."""

import copy
import io

import pytest
import torch
from helpers.neuro import spike_train
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn, get_ema_multi_avg_fn

from axonal import deploy, neuro
from axonal.neuro import DelayedLinear

X = spike_train(0, 20, 3, 6, dtype=torch.float32)
KERNELS = ["gaussian", "triangle", "two-tap", "straight-through"]


def network(kernel="gaussian", **settings):
    torch.manual_seed(0)
    return neuro.Sequential(
        {
            "delay": DelayedLinear(6, 8, 9, kernel=kernel, **settings),
            "lif": neuro.LIF(8, threshold=0.3),
            "out": neuro.LeakyIntegrator(8),
        }
    )


def train(net, optimiser, rounds, set_to_none=False):
    for _ in range(rounds):
        optimiser.zero_grad(set_to_none=set_to_none)
        net(X)[0].square().mean().backward()
        optimiser.step()


def adam(net):
    return torch.optim.Adam(neuro.param_groups(net, lr=0.01, delay_lr=0.5))


def saved(net):
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def runs_alike(net, other):
    """Whether both use the same delays in training and in evaluation."""
    for training in (True, False):
        y, z = net.train(training)(X)[0], other.train(training)(X)[0]
        assert y.isfinite().all() and torch.equal(y, z)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("per", ["synapse", "source"])
@pytest.mark.parametrize(
    "make",
    [adam, lambda net: torch.optim.SGD(net.parameters(), 0.5, momentum=0.9, weight_decay=0.1)],
    ids=["adam", "sgd"],
)
def test_no_optimiser_moves_what_is_frozen(kernel, per, make):
    net = network(kernel, per=per)
    optimiser = make(net)
    train(net, optimiser, 3)
    net(X)[0].square().mean().backward()
    neuro.freeze_delays(net)  # between backward and step
    before, state = net.delay.delay.clone(), saved(net)
    optimiser.step()
    train(net, optimiser, 5)
    assert torch.equal(net.delay.delay, before) and torch.equal(before, before.round())
    for name in ("position", "frozen_delay"):
        assert torch.equal(saved(net)[f"delay.{name}"], state[f"delay.{name}"])
    twin = network(kernel, per=per)
    twin.load_state_dict(saved(net))
    assert twin.delay.frozen and torch.equal(twin.delay.delay, before)
    runs_alike(net, twin)


def test_what_is_exported_is_what_was_frozen():
    net = network()
    optimiser = adam(net)
    train(net, optimiser, 2)
    neuro.freeze_delays(net)
    before = deploy.export(net, dt=1e-3, steps=30).projections[0]
    with torch.no_grad():
        net.delay.position.add_(2.7)
    after = deploy.export(net, dt=1e-3, steps=30).projections[0]
    assert (before.delay == after.delay).all() and (before.weight == after.weight).all()


def test_freezing_again_keeps_the_delays():
    net = network()
    optimiser = adam(net)
    net(X)[0].square().mean().backward()
    neuro.freeze_delays(net)
    before = net.delay.delay.clone()
    for _ in range(5):
        optimiser.step()
        neuro.freeze_delays(net)
    assert torch.equal(net.delay.delay, before)
    net.delay.set_delays(torch.full((8, 6), 2.6))
    optimiser.step()
    assert (net.delay.delay == 3).all()


def test_freezing_between_forward_and_backward_leaves_the_gradients():
    net, twin = network(), network()
    loss = net(X)[0].square().mean()
    neuro.freeze_delays(net)
    loss.backward()
    twin(X)[0].square().mean().backward()
    assert torch.equal(net.delay.weight.grad, twin.delay.weight.grad)


AVERAGES = {
    "swa": {},
    "swa with buffers": {"use_buffers": True},
    "ema": {"multi_avg_fn": get_ema_multi_avg_fn(0.999)},
    "ema with buffers": {"multi_avg_fn": get_ema_multi_avg_fn(0.999), "use_buffers": True},
    "one by one": {"avg_fn": get_ema_avg_fn(0.99), "use_buffers": True},
}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("average", AVERAGES)
def test_an_average_made_before_freezing_is_frozen_with_its_source(kernel, average):
    net = network(kernel)
    averaged, optimiser = AveragedModel(net, **AVERAGES[average]), adam(net)
    for _ in range(3):
        train(net, optimiser, 1)
        averaged.update_parameters(net)
    assert not averaged.module.delay.frozen
    neuro.freeze_delays(net)
    for _ in range(4):
        train(net, optimiser, 1)
        averaged.update_parameters(net)
        assert averaged.module.delay.frozen
        assert torch.equal(averaged.module.delay.delay, net.delay.delay)
    twin = network(kernel)
    twin.load_state_dict(saved(averaged.module))
    assert twin.delay.frozen
    runs_alike(averaged.module, twin)


@torch.no_grad()
def test_an_average_over_state_dicts_keeps_frozen_delays():
    net = network()
    neuro.freeze_delays(net)
    average = copy.deepcopy(net)
    for _ in range(50):
        net.delay.position.add_(1.3)
        for name, value in average.state_dict().items():
            value.mul_(0.99).add_(net.state_dict()[name], alpha=0.01)
    assert torch.equal(average.delay.delay, net.delay.delay)
    mean = {k: (v + average.state_dict()[k]) / 2 for k, v in net.state_dict().items()}
    twin = network()
    twin.load_state_dict(mean)
    assert torch.equal(twin.delay.delay, net.delay.delay)


def older(state):
    """What was saved before the delays in force were part of the state."""
    return {k: v for k, v in state.items() if ".frozen_" not in k}


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("assign", [True, False])
def test_older_states_load(frozen, assign):
    net, twin = network(), network()
    (twin if not frozen else net).delay.freeze_delays()
    state = older(saved(net))
    before = {k: v.clone() for k, v in state.items()}
    if frozen:
        # an optimiser had moved them, off the whole steps that were in force
        state["delay.position"] = before["delay.position"] = state["delay.position"] + 0.2
    twin.load_state_dict(state, assign=assign)
    assert twin.delay.frozen is frozen
    assert torch.equal(twin.delay.delay, net.delay.delay)
    assert state.keys() == before.keys()
    assert all(torch.equal(state[k], v) for k, v in before.items())
    runs_alike(net, twin)
    if not frozen:
        twin.train()(X)[0].square().mean().backward()
        assert twin.delay.position.grad.any()


def test_a_copy_is_frozen_by_itself():
    net = network()
    twin = copy.deepcopy(net)
    twin.delay.freeze_delays()
    assert twin.delay.frozen and not net.delay.frozen
    late = copy.deepcopy(twin)
    assert late.delay.frozen and torch.equal(late.delay.delay, twin.delay.delay)


def test_frozen_delays_need_no_gradient_by_themselves():
    net = network()
    neuro.freeze_delays(net)
    assert not net.delay.position.requires_grad
    # a distributed reducer waits for every parameter that it was given
    net.delay.position.requires_grad_(True)
    net(X)[0].square().mean().backward()
    assert net.delay.position.grad is not None and not net.delay.position.grad.any()
    assert [g["name"] for g in neuro.param_groups(net, lr=0.1)] == ["weights"]
    assert neuro.spike_report(net, X).problems == ()


@pytest.mark.parametrize("kernel", ["two-tap", "straight-through"])
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_a_delay_that_is_no_number_is_refused(kernel, backend):
    net = network(kernel, backend=backend)
    with torch.no_grad():
        net.delay.position[0, 0] = torch.nan
    message = "expects delays from 0 to max_delay = 9 steps, got nan: clip them, or look where"
    for training in (True, False):
        with pytest.raises(ValueError, match=message):
            net.train(training)(X)
    with pytest.raises(ValueError, match="cannot freeze delays that are NaN: look for a loss"):
        neuro.freeze_delays(net)


def test_a_precision_that_moves_frozen_delays_is_refused():
    layer = neuro.DelayedLinear(1, 1, max_delay=300, delay=[[299.0]])
    layer.bfloat16()  # free delays may be rounded
    layer = neuro.DelayedLinear(1, 1, max_delay=300, delay=[[299.0]])
    neuro.freeze_delays(layer)
    with pytest.raises(ValueError, match="delay of 299 steps becomes another in bfloat16: keep"):
        layer.bfloat16()
    assert layer.weight.dtype == torch.float32 and layer.delay.item() == 299
    assert layer.double().delay.item() == layer.half().delay.item() == 299
