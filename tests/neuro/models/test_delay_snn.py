"""DelaySNN against the published equations written out, in the original's own terms.

The twin below holds P and SIG, correlates with dense kernels, and steps its neurons one by one.
"""

import copy
import math
import pickle
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from axonal import deploy, neuro
from axonal.neuro import DelaySNN

TAPS, TAU = 7, 1.5
SIZES = (6, 8, 8, 5)
CLOSE = {"rtol": 1e-7, "atol": 1e-10}


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u):
        ctx.save_for_backward(u)
        return (u >= 0).to(u.dtype)

    @staticmethod
    def backward(ctx, grad):
        (u,) = ctx.saved_tensors
        return grad * 2.5 / (1 + (math.pi / 2 * 5 * u) ** 2)


def checkpoint(count=1, width=1.3, seed=0):
    """Return a checkpoint with the original's names, its norms trained a little."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape, low=0.0, high=1.0):
        return low + (high - low) * torch.rand(*shape, generator=generator, dtype=torch.float64)

    state = {}
    for k, (n, m) in enumerate(pairwise(SIZES)):
        state[f"model.{4 * k}.weight"] = uniform(m, n, count, low=-0.5, high=1.0)
        state[f"model.{4 * k}.P"] = uniform(1, m, n, count, low=-3, high=3)
        state[f"model.{4 * k}.SIG"] = torch.full((1, m, n, count), width, dtype=torch.float64)
        if k < len(SIZES) - 2:
            state[f"model.{4 * k + 1}.weight"] = uniform(m, low=0.5, high=1.5)
            state[f"model.{4 * k + 1}.bias"] = uniform(m, low=0.0, high=0.6)
            state[f"model.{4 * k + 1}.running_mean"] = uniform(m, low=-0.1, high=0.3)
            state[f"model.{4 * k + 1}.running_var"] = uniform(m, low=0.2, high=0.6)
            state[f"model.{4 * k + 1}.num_batches_tracked"] = torch.tensor(7)
    return state


def dense(weight, place, width, version):
    """Return the published kernel [out, in, K] of W, P and SIG."""
    far = torch.arange(TAPS, dtype=weight.dtype) - (place[0] + TAPS // 2).unsqueeze(-1)
    if version == "gauss":
        g = torch.exp(-0.5 * (far / (width[0].abs().unsqueeze(-1) + 0.27)) ** 2)
    else:
        g = torch.relu(width[0].abs().unsqueeze(-1) + 1 - far.abs())
    g = g / (g.sum(-1, keepdim=True) + 1e-7)
    return (weight.unsqueeze(-1) * g).sum(2)


class Twin(nn.Module):
    def __init__(self, state, version):
        super().__init__()
        self.version = version
        self.state = {name: tensor.clone() for name, tensor in state.items()}
        self.learned = {
            n: t.requires_grad_()
            for n, t in self.state.items()
            if n.endswith((".P", ".weight", ".bias"))
        }

    def forward(self, x):
        layers = sorted(int(n.split(".")[1]) for n in self.state if n.endswith(".P"))
        x = x.permute(1, 2, 0)
        for k in layers:
            weight, place, width = (self.state[f"model.{k}.{n}"] for n in ("weight", "P", "SIG"))
            if self.training:
                kernel = dense(weight, place, width, self.version)
            else:
                whole = place.round().clamp(-(TAPS // 2), TAPS // 2)
                kernel = dense(weight, whole, torch.zeros_like(width), "max")
            h = F.conv1d(F.pad(x, (TAPS - 1, (TAPS - 1) // 2)), kernel)
            last = k == layers[-1]
            if not last:
                norm = {
                    n: self.state[f"model.{k + 1}.{n}"]
                    for n in ("running_mean", "running_var", "weight", "bias")
                }
                h = F.batch_norm(h, **norm, training=self.training)
            v, outputs = torch.zeros_like(h[..., 0]), []
            for h_t in h.unbind(-1):
                v = v * (1 - 1 / TAU) + h_t
                s = Spike.apply(v - (1e9 if last else 1.0))
                outputs.append(v if last else s)
                v = v * (1 - s.detach())
            x = torch.stack(outputs, -1)
        return x.permute(2, 0, 1)


def double(make):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return make()
    finally:
        torch.set_default_dtype(before)


def both(count=1, width=1.3, version="gauss"):
    state = checkpoint(count, width)
    kernel = {"gauss": "gaussian", "max": "triangle"}[version]
    ours = double(lambda: DelaySNN.from_official(state, max_delay=TAPS - 1, tau=TAU, kernel=kernel))
    return ours, Twin(state, version)


X = (torch.rand(11, 3, 6, generator=torch.Generator().manual_seed(1)) < 0.4).double()


@pytest.mark.parametrize("version", ["gauss", "max"])
@pytest.mark.parametrize("count", [1, 2])
def test_training_gives_the_published_outputs_loss_gradients_and_norms(count, version):
    ours, twin = both(count, version=version)
    target = torch.tensor([0, 3, 4])
    y, expected = ours.train()(X, padding=True)[0], twin.train()(X)
    assert y.shape == (11 + 9, 3, 5)
    torch.testing.assert_close(y, expected, rtol=1e-9, atol=1e-9)
    m = expected.softmax(-1).sum(0)
    loss, published = neuro.summed_softmax_loss(y, target), F.cross_entropy(m, target)
    torch.testing.assert_close(loss, published)
    loss.backward()
    published.backward()
    for k, block in enumerate(ours.blocks):
        w, p = (twin.learned[f"model.{4 * k}.{name}"].grad for name in ("weight", "P"))
        assert p.any() and w.any()
        for j, connection in enumerate(block.connections):
            torch.testing.assert_close(connection.weight.grad, w[..., j], **CLOSE)
            torch.testing.assert_close(-connection.position.grad, p[0, ..., j], **CLOSE)
    for k, block in enumerate(ours.blocks[:2]):
        norm, theirs = block.after[0], f"model.{4 * k + 1}"
        for name in ("weight", "bias"):
            published = twin.learned[f"{theirs}.{name}"].grad
            torch.testing.assert_close(getattr(norm, name).grad, published, **CLOSE)
        for name in ("running_mean", "running_var"):
            torch.testing.assert_close(getattr(norm, name), twin.state[f"{theirs}.{name}"])
        assert norm.num_batches_tracked == 8


@pytest.mark.parametrize("count", [1, 2])
def test_evaluation_runs_rounded_delays(count):
    ours, twin = both(count)
    y, expected = ours.eval()(X, padding=True)[0], twin.eval()(X)
    torch.testing.assert_close(y, expected, rtol=1e-6, atol=1e-6)
    assert not torch.allclose(y, ours.train()(X, padding=True)[0])


@pytest.mark.parametrize("taps", [7, 25, 31])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_places_are_rounded_as_the_original_rounds_them(taps, dtype):
    half = taps // 2
    ties = torch.arange(-half, half, dtype=dtype) + 0.5
    near = torch.nextafter(ties, torch.zeros(())).repeat(2)
    near[len(ties) :] = torch.nextafter(ties, torch.full((), math.inf))
    many = (torch.rand(100_000, generator=torch.Generator().manual_seed(0), dtype=dtype) - 0.5) * 2
    place = torch.cat((ties, near, many * half)).reshape(1, -1, 1, 1)
    state = {"model.0.P": place, "model.0.SIG": torch.ones_like(place)}
    state["model.0.weight"] = torch.ones_like(place[0])
    net = DelaySNN.from_official(state, max_delay=taps - 1, tau=TAU)
    delays = net.blocks[0].connections[0].delay.detach().flatten()
    assert torch.equal(delays.round(), half - place.flatten().round())
    assert (delays - (half - place.flatten())).abs().max() < 1e-5


def test_a_checkpoint_in_double_precision_keeps_its_constants():
    net = DelaySNN.from_official(checkpoint(), max_delay=6, tau=TAU, threshold=0.3)
    lif = net.blocks[0].after[1]
    assert lif.decay.dtype == torch.float64
    assert (lif.decay.item(), lif.threshold.item()) == (1 - 1 / TAU, 0.3)


def test_a_triangle_of_no_width_with_whole_places_runs_the_same_in_both_modes():
    # the published control of fixed random delays
    state = checkpoint(width=0.0)
    for name in state:
        if name.endswith(".P"):
            state[name] = state[name].round()
    net = DelaySNN.from_official(state, max_delay=TAPS - 1, tau=TAU, kernel="triangle").eval()
    y, _ = net(X)
    for block in net.blocks:
        block.get_submodule("connections").train()
    torch.testing.assert_close(net(X)[0], y)


@pytest.mark.parametrize(
    ("sizes", "count", "parameters"),
    [
        ((140, 256, 256, 20), 1, 214_016),
        ((140, 512, 512, 35), 1, 705_536),
        ((140, 512, 512, 35), 2, 1_409_024),
        ((140, 512, 512, 512, 35), 1, 1_230_848),
        ((140, 512, 512, 512, 35), 2, 2_458_624),
    ],
)
def test_the_published_numbers_of_parameters(sizes, count, parameters):
    n, *hidden, c = sizes
    net = DelaySNN(n, hidden, c, max_delay=24, tau=1.005, count=count)
    assert sum(p.numel() for p in net.parameters()) == parameters


def test_it_is_a_network_that_streams_and_is_exported():
    net = both()[0].eval()
    # behind the end of the input, padding and silence are the same to the first layer only
    whole, _ = net(X, padding=True)
    y, state = net(X)
    assert y.shape == (11, 3, 5) and next(iter(state)) == "blocks.0.connections.0"
    torch.testing.assert_close(y, whole[: len(X)], rtol=0, atol=1e-12)
    stream = neuro.Streamer(net)
    streamed = torch.stack([stream(x_t) for x_t in X])
    torch.testing.assert_close(streamed, y.detach(), rtol=0, atol=1e-12)
    _, traces = neuro.record(net, X, {"blocks.0.after.1": "spikes"})
    assert traces["blocks.0.after.1"]["spikes"].shape == (11, 3, 8)
    result = deploy.verify(deploy.export(net, dt=0.01, steps=40))
    assert result.passed and result.mismatches == 0, str(result)


@pytest.mark.parametrize("cut", [1, 4, 10])
def test_chunks_of_which_the_last_is_padded_equal_one_padded_call(cut):
    net = both(count=2)[0].eval()
    whole, end = net(X, padding=True)
    first, state = net(X[:cut])
    last, other = net(X[cut:], state, padding=True)
    torch.testing.assert_close(torch.cat((first, last)), whole, rtol=0, atol=1e-12)
    assert list(other) == list(end)
    for path, entry in end.items():
        torch.testing.assert_close(other[path], entry, rtol=0, atol=1e-12)


def test_copies_and_saved_states_are_the_same():
    net = both()[0].eval()
    twin = copy.deepcopy(net)
    assert isinstance(twin, DelaySNN) and twin.extra_steps == net.extra_steps == 9
    torch.testing.assert_close(twin(X, padding=True)[0], net(X, padding=True)[0])
    again = pickle.loads(pickle.dumps(net))
    assert torch.equal(again(X)[0], net(X)[0])
    assert "blocks.1.connections.0.position" in net.state_dict()


def test_it_learns_with_the_published_recipe():
    torch.manual_seed(0)
    net = DelaySNN(6, (16,), 2, max_delay=6, tau=1.005)
    assert net.extra_steps == 6
    # class 1: the second half of the inputs three steps after the first half, class 0 at once
    target = torch.arange(40) % 2
    x = torch.zeros(12, 40, 6)
    x[2, :, :3] = 1
    x[2 + 3 * target, torch.arange(40), 3:] = 1
    schedule = neuro.SigmaSchedule(net, epochs=15)
    optimiser = torch.optim.Adam(neuro.param_groups(net, lr=0.01, delay_lr=0.1))
    for epoch in range(60):
        schedule.set_epoch(epoch)
        optimiser.zero_grad()
        neuro.summed_softmax_loss(net.train()(x, padding=True)[0], target).backward()
        optimiser.step()
    assert (neuro.summed_softmax(net.eval()(x, padding=True)[0]).argmax(1) == target).all()


def test_bad_checkpoints_get_one_line():
    def refused(match, max_delay=6, **changes):
        state = {n: t for n, t in {**checkpoint(), **changes}.items() if t is not None}
        with pytest.raises(ValueError, match=match) as caught:
            DelaySNN.from_official(state, max_delay=max_delay, tau=TAU)
        assert "\n" not in str(caught.value)

    refused("even number of steps, K - 1", max_delay=7)
    refused("P up to 2.* beyond max_delay / 2 = 2: which K", max_delay=4)
    for wider in (8, 14, 24, 100):
        refused("P up to 2.* only, where max_delay = .* K - 1; .*whole_kernel=False", wider)
    refused("model.4.SIG is missing", **{"model.4.SIG": None})
    refused("model.2.w is unknown", **{"model.2.w": torch.ones(1)})
    refused("delay layers at model.0, model.4", **{"model.4.P": None})
    refused("model.8.P of shape", **{"model.8.P": torch.zeros(1, 5, 8)})
    refused("that fits the layer before", **{"model.4.weight": torch.zeros(8, 7, 1)})
    refused("a batch norm at model.5.*running_mean", **{"model.5.running_mean": None})
    widths = torch.rand(1, 5, 8, 1)
    refused("one width SIG for all synapses of model.8", **{"model.8.SIG": widths})
    refused(
        "finite numbers, model.0.P is none", **{"model.0.P": torch.full((1, 8, 6, 1), math.nan)}
    )
    refused("finite numbers, model.0.SIG is none", **{"model.0.SIG": [1.0]})
    for state, message in (
        ({}, r"delay layers at model\.0.*nothing"),
        ({"state_dict": checkpoint()}, r"the state_dict inside it, \['state_dict'\]"),
        ({f"module.{n}": x for n, x in checkpoint().items()}, "take 'module.' from the start of"),
        ([checkpoint()], "expects a state_dict, got list"),
    ):
        with pytest.raises(ValueError, match=message):
            DelaySNN.from_official(state, max_delay=6, tau=TAU)


def test_places_from_a_part_of_the_kernel_are_loaded_if_one_says_so():
    state = checkpoint()
    net = DelaySNN.from_official(state, max_delay=24, tau=TAU, whole_kernel=False)
    delays = net.blocks[0].connections[0].delay
    torch.testing.assert_close(delays, 12 - state["model.0.P"][0, ..., 0], check_dtype=False)
    # places that reach the end, as clamped ones do, and those just short of it
    for furthest in (3.0, 2.001):
        state = checkpoint()
        for name in state:
            if name.endswith(".P"):
                state[name] = state[name].clamp(-furthest, furthest)
        DelaySNN.from_official(state, max_delay=6, tau=TAU)


def test_bad_input_gets_one_line():
    net = DelaySNN(6, (8,), 5, max_delay=6, tau=1.005)
    with pytest.raises(ValueError, match=r"DelaySNN expects x \[T, B, N\] with N = 6"):
        net(torch.zeros(11, 2, 5))
    with pytest.raises(ValueError, match="count >= 1 delays per synapse, got 0"):
        DelaySNN(6, (8,), 5, max_delay=6, tau=1.005, count=0)
