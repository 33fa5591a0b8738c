"""Delays shared by the synapses of a source or a target, triangles, and delays around loops."""

import pytest
import torch
from helpers.neuro import spike_train

from axonal import deploy, neuro
from axonal.neuro import DelayedLinear

EXACT = {"rtol": 0, "atol": 1e-12}
SHAPES = {"source": (1, 3), "target": (4, 1)}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture(params=SHAPES)
def per(request):
    return request.param


@pytest.mark.parametrize("kernel", ["gaussian", "triangle", "two-tap"])
@pytest.mark.parametrize("training", [True, False])
def test_a_shared_delay_is_that_delay_in_every_synapse(per, kernel, training):
    delay = 6 * torch.rand(SHAPES[per])
    shared = DelayedLinear(3, 4, 6, kernel=kernel, per=per, delay=delay).double()
    single = DelayedLinear(3, 4, 6, kernel=kernel, delay=delay.expand(4, 3)).double()
    with torch.no_grad():
        single.weight.copy_(shared.weight)
    x = spike_train(0, 20, 3, 3)
    results = []
    for layer in (shared, single):
        y, state = layer.train(training)(x)
        (y * torch.linspace(-1, 1, y.numel()).view_as(y)).sum().backward()
        results.append((y.detach(), neuro.detach(state), layer.weight.grad))
    torch.testing.assert_close(*results, **EXACT)
    assert shared.position.shape == SHAPES[per] and shared.delay.shape == (4, 3)
    if training:
        axis = 0 if per == "source" else 1
        summed = single.position.grad.sum(axis, keepdim=True)
        torch.testing.assert_close(shared.position.grad, summed, **EXACT)
        assert summed.all()


def test_shared_delays_save_parameters_and_load_again(per):
    layer, other = (DelayedLinear(3, 4, 6, per=per) for _ in range(2))
    assert layer.position.numel() == (3 if per == "source" else 4)
    layer.freeze_delays()
    other.load_state_dict(layer.state_dict())
    assert other.frozen and torch.equal(other.delay, layer.delay)
    assert f'per="{per}"' in repr(layer)


def test_shared_delays_keep_their_spikes_at_export(per):
    connections = DelayedLinear(12, 20, 5, per=per)
    net = neuro.Sequential({"delay": connections, "lif": neuro.LIF(20), "fc": neuro.Linear(20, 3)})
    with torch.no_grad():
        connections.weight.abs_()
    result = deploy.verify(deploy.export(net, dt=1e-3, steps=60))
    assert result.passed and result.mismatches == 0, str(result)


def test_shared_delays_are_learned_as_delays(per):
    net = neuro.Sequential(DelayedLinear(3, 4, 6, per=per), neuro.LIF(4))
    groups = {g["name"]: g["params"] for g in neuro.param_groups(net, lr=1e-3)}
    assert groups["delays"][0] is net[0].position and groups["weights"][0] is net[0].weight


@pytest.mark.parametrize("kernel", ["gaussian", "triangle", "two-tap"])
def test_delays_around_a_loop_are_those_of_the_loop_and_the_feedback(kernel):
    # one spike goes around: 1 step of the loop, 3 steps of the synapse
    feedback = DelayedLinear(1, 1, 5, kernel=kernel, delay=[[3.0]])
    torch.nn.init.constant_(feedback.weight, 2.0)
    loop = neuro.Recurrent(neuro.LIF(1, 1.0, decay="euler"), feedback).eval()
    x = torch.zeros(14, 1, 1)
    x[1] = 1.0
    spikes, _ = loop(x)
    assert spikes.flatten().nonzero().flatten().tolist() == [1, 5, 9, 13]


@pytest.mark.parametrize("kernel", ["gaussian", "triangle", "two-tap"])
def test_a_delay_around_a_loop_is_learned_streams_and_is_exported(kernel):
    feedback = DelayedLinear(6, 6, 4, kernel=kernel)
    loop = neuro.Recurrent(neuro.LIF(6), feedback)
    net = neuro.Sequential({"fc": neuro.Linear(5, 6), "loop": loop, "out": neuro.Linear(6, 2)})
    with torch.no_grad():
        net.fc.weight.abs_().mul_(2)
    x = spike_train(1, 30, 2, 5, dtype=torch.float32)
    net(x)[0].square().sum().backward()
    assert feedback.position.grad.any()
    net.eval()
    stream = neuro.Streamer(net)
    torch.testing.assert_close(torch.stack([stream(x_t) for x_t in x]), net(x)[0].detach())
    result = deploy.verify(deploy.export(net, dt=1e-3, steps=60))
    assert result.passed and result.mismatches == 0, str(result)


def test_a_triangle_is_exact_in_chunks_and_lies_around_its_delay():
    layer = DelayedLinear(3, 4, 9, kernel="triangle", sigma=2.5).double()
    x = torch.randn(30, 2, 3, dtype=torch.float64)
    whole, end = layer(x)
    first, state = layer(x[:11])
    second, state = layer(x[11:], state)
    torch.testing.assert_close(torch.cat((first, second)), whole, **EXACT)
    torch.testing.assert_close(state, end)
    single = DelayedLinear(1, 1, 9, kernel="triangle", sigma=2.5, delay=[[4.25]]).double()
    torch.nn.init.ones_(single.weight)
    impulse = torch.zeros(10, 1, 1, dtype=torch.float64)
    impulse[0] = 1
    shape = (2.5 - (torch.arange(10, dtype=torch.float64) - 4.25).abs()).clamp(min=0)
    expected = shape / (shape.sum() + 1e-7)
    torch.testing.assert_close(single(impulse)[0].flatten(), expected, **EXACT)


def test_bad_values_get_one_line():
    with pytest.raises(
        ValueError, match='expects per "synapse", "source" or "target", got \'row\''
    ):
        DelayedLinear(3, 4, 2, per="row")
    with pytest.raises(ValueError, match=r"sigma >= 1 step of a triangle, got 0\.5"):
        DelayedLinear(3, 4, 2, kernel="triangle", sigma=0.5)
    with pytest.raises(ValueError, match=r"delays of shape \(1, 3\)"):
        DelayedLinear(3, 4, 2, per="source", delay=torch.zeros(4, 3))
