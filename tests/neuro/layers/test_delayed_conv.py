"""Convolutions with delays: what they compute, learn, freeze, stream, export and refuse."""

import pytest
import torch
import torch.nn.functional as F
from helpers.neuro import spike_train
from torch import nn

from axonal import deploy, neuro
from axonal.neuro import DelayedConv1d, DelayedConv2d

EXACT = {"rtol": 0, "atol": 1e-12}
PER = ["synapse", "pair", "source", "target"]
GEOMETRIES = [
    {},
    {"padding": 1, "stride": 2},
    {"padding": "same", "dilation": 2},
    {"groups": 2, "padding": (1,), "bias": True},
]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def pictures(steps, axes, rate=0.2, seed=0):
    size = (9,) if axes == 1 else (6, 5)
    flat = spike_train(seed, steps, 2, 4 * size[0] * (size[1] if axes == 2 else 1), rate=rate)
    return flat.unflatten(2, (4, *size))


def by_definition(layer, x):
    """Sum torch's convolutions of all whole delays."""
    convolve = F.conv1d if layer.axes == 1 else F.conv2d
    y = 0
    for d in range(layer.max_delay + 1):
        late = torch.cat((torch.zeros_like(x), x))[len(x) - d : 2 * len(x) - d]
        weight = layer.masked_weight * (layer.delay.round() == d)
        y = y + convolve(
            late.flatten(0, 1), weight, layer.bias if d == 0 else None, layer.stride,
            layer.padding, layer.dilation, layer.groups,
        )  # fmt: skip
    return y.unflatten(0, x.shape[:2])


def made(axes, per="synapse", geometry=None, longest=6, **settings):
    kind = DelayedConv1d if axes == 1 else DelayedConv2d
    given = dict(geometry or {})
    if given.get("padding") == (1,):
        given["padding"] = (1,) * axes
    return kind(4, 6, 3, longest, per=per, **given, **settings).double()


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("per", PER)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_evaluation_is_a_sum_of_convolutions_of_whole_delays(axes, per, geometry):
    for longest in (6, 14):  # the shorter runs as one dense convolution
        layer = made(axes, per, geometry, longest).eval()
        x = pictures(20, axes)
        torch.testing.assert_close(layer(x)[0], by_definition(layer, x), **EXACT)


@pytest.mark.parametrize("per", PER)
@pytest.mark.parametrize("kernel", ["gaussian", "triangle", "two-tap", "straight-through"])
def test_both_back_ends_learn_the_same(per, kernel):
    results = []
    for backend in ("cpu", "reference"):
        torch.manual_seed(1)
        layer = made(2, per, {"padding": 1, "groups": 2}, kernel=kernel, backend=backend)
        x = pictures(20, 2).requires_grad_()
        y, state = layer(x)
        (y * torch.linspace(-1, 1, y.numel()).view_as(y)).sum().backward()
        assert layer.position.grad.abs().sum() > 0
        results.append((y, state, x.grad, layer.weight.grad, layer.position.grad))
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("per", PER)
@pytest.mark.parametrize("longest", [0, 3, 14])
def test_chunks_and_steps_are_the_sequence(axes, per, longest):
    layer = made(axes, per, {"padding": 1}, longest)
    x = pictures(20, axes)
    for training in (True, False):
        whole, end = layer.train(training)(x)
        first, state = layer(x[:7])
        second, state = layer(x[7:], state)
        torch.testing.assert_close(torch.cat((first, second)), whole, **EXACT)
        torch.testing.assert_close(state, end)
        state, steps = None, []
        for x_t in x:
            y, state = layer.step(x_t, state)
            steps.append(y)
        torch.testing.assert_close(torch.stack(steps), whole, **EXACT)


@pytest.mark.parametrize("per", PER)
def test_the_shape_of_the_delays_follows_what_has_one(per):
    layer = made(2, per, {"groups": 2})
    shapes = {
        "synapse": (6, 2, 3, 3), "pair": (6, 2, 1, 1), "source": (1, 4, 1, 1),
        "target": (6, 1, 1, 1),
    }  # fmt: skip
    assert layer.position.shape == shapes[per] and layer.delay.shape == (6, 2, 3, 3)
    assert ('per="' in repr(layer)) is (per != "synapse")
    if per == "source":
        # outputs 0 to 2 hear the channels 0 and 1, the others 2 and 3
        whole = layer.delay[:, :, 0, 0]
        given = layer.position.flatten()
        assert torch.equal(whole[0], given[:2]) and torch.equal(whole[5], given[2:])


def test_delays_are_learned_as_delays_frozen_and_loaded():
    net = neuro.Sequential({"conv": made(2, "pair"), "lif": neuro.LIF((6, 4, 3)).double()})
    groups = {g["name"]: g["params"] for g in neuro.param_groups(net, lr=1e-3)}
    assert groups["delays"][0] is net.conv.position and groups["weights"][0] is net.conv.weight
    neuro.SigmaSchedule(net, epochs=3).set_epoch(3)
    assert net.conv.sigma.item() == pytest.approx(0.5)
    neuro.freeze_delays(net)
    other = neuro.Sequential({"conv": made(2, "pair"), "lif": neuro.LIF((6, 4, 3)).double()})
    other.load_state_dict(net.state_dict())
    x = pictures(12, 2)
    assert other.conv.frozen and torch.equal(other(x)[0], net(x)[0])


def test_a_delay_is_learned_from_its_effect():
    # the target is the input five steps later; the delay must travel there from two
    layer = DelayedConv1d(1, 1, 1, 14, kernel="straight-through", delay=[[[2.0]]])
    nn.init.ones_(layer.weight)
    optimiser = torch.optim.Adam(neuro.param_groups(layer, lr=0.001, delay_lr=0.1))
    schedule = neuro.SigmaSchedule(layer, epochs=60, start=4)
    x = spike_train(0, 200, 4, 3, rate=0.1, dtype=torch.float32).unsqueeze(2)
    for epoch in range(80):
        schedule.set_epoch(epoch)
        optimiser.zero_grad()
        (layer(x)[0][5:] - x[:-5]).square().mean().backward()
        optimiser.step()
    assert layer.delay.item() == pytest.approx(5, abs=0.5)


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("per", PER)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_export_keeps_the_spikes_and_the_delays(axes, per, geometry):
    layer = made(axes, per, geometry)
    with torch.no_grad():
        layer.weight.abs_()
    x = pictures(5, axes)
    size = tuple(layer(x)[0].shape[2:])
    net = neuro.Sequential({"conv": layer, "lif": neuro.LIF(size).double()})
    graph = deploy.export(net, dt=1e-3, steps=40, input_shape=tuple(x.shape[2:]))
    result = deploy.verify(graph)
    assert result.passed and result.mismatches == 0, str(result)
    delays = {int(d) for p in graph.projections for d in p.delay}
    assert delays == set(layer.delay.round().int().flatten().tolist())


def test_a_mask_leaves_synapses_out():
    mask = (torch.rand(6, 4, 3, 3) < 0.5).float()
    layer = made(2, mask=mask).eval()
    with torch.no_grad():
        layer.weight[layer.mask == 0] = 7.0
    x = pictures(9, 2)
    torch.testing.assert_close(layer(x)[0], by_definition(layer, x), **EXACT)
    assert f"synapses={int(mask.sum())}" in repr(layer)


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: DelayedConv2d(4, 6, 3, 5, per="pixel"), 'expects per one of "synapse", "pair"'),
        (lambda: DelayedConv2d(4, 6, (3,), 5), "expects kernel_size as a number or 2 of them"),
        (lambda: DelayedConv2d(4, 6, 3, 5, groups=3), "groups that divide in_channels = 4"),
        (lambda: DelayedConv1d(4, 6, 3, 5, padding="same", stride=2), 'padding "same" with a st'),
        (lambda: DelayedConv1d(4, 6, 3, 5, padding="full"), "got 'full' with a stride"),
        (lambda: DelayedConv1d(4, 6, 3, 5, kernel="box"), "DelayedConv1d knows the kernels"),
        (lambda: DelayedConv1d(4, 6, 3, 5, delay=[1.0]), "delays of shape (6, 4, 3)"),
        (lambda: DelayedConv1d(4, 6, 3, 5)(torch.zeros(5, 2, 4, 2)), "of at least the kernel (3,)"),
        (lambda: DelayedConv1d(4, 6, 3, 5)(torch.zeros(5, 2, 3, 9)), "[T, B, C, W] with C = 4"),
        (lambda: DelayedConv2d(4, 6, 3, 5)(torch.zeros(5, 2, 4, 9)), "got (5, 2, 4, 9)"),
        (lambda: DelayedConv2d(4, 6, 3, 5)(torch.zeros(0, 2, 4, 9, 9)), "T >= 1"),
        (lambda: DelayedConv1d(4, 6, 3, 5)(torch.zeros(5, 2, 4, 9).long()), "write x.float()"),
        (lambda: DelayedConv1d(4, 6, 3, 5)(torch.zeros(5, 2, 4, 9).double()), "holds float32"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(call, part):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as caught:
        call()
    assert part in str(caught.value)


def test_a_state_of_other_pictures_is_refused():
    layer = DelayedConv1d(4, 6, 3, 5)
    _, state = layer(torch.zeros(5, 2, 4, 9))
    with pytest.raises(ValueError, match="state of shape"):
        layer(torch.zeros(5, 2, 4, 8), state)
