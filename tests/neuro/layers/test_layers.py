"""Layers without memory, cells of one's own, and what every layer promises."""

import copy
import pickle
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from helpers.layers import LAYERS, NAMES
from helpers.neuro import Adaptive, spike_train
from torch import Tensor, nn

from axonal import neuro
from axonal.neuro import models


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture(params=LAYERS)
def name(request):
    return request.param


@pytest.fixture
def layer(name):
    return LAYERS[name]()


def test_every_layer_with_memory_is_in_the_list_of_these_tests():
    public = (getattr(neuro, name) for name in neuro.__all__)
    layers = {kind.__name__ for kind in public if isinstance(kind, type)} & {
        kind.__name__ for kind in subclasses(neuro.Layer)
    }
    # Layer and Cell are abstract; Network and the models are networks, as Sequential is
    assert layers - {"Layer", "Cell", "Network", *models.__all__} - set(NAMES) == set()


def subclasses(kind):
    return {kind} | {deeper for below in kind.__subclasses__() for deeper in subclasses(below)}


def test_no_tensor_of_a_run_stays_on_the_module(layer):
    def tensors():
        found = {}
        for path, module in layer.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Tensor):
                    found[path, name] = value
        return found

    before, saved = tensors(), copy.deepcopy(layer.state_dict())
    x = spike_train(0, 9, 2, 4, dtype=torch.float32)
    first, _ = layer(x)
    again, _ = layer(x)
    assert torch.equal(first, again)
    assert tensors().keys() == before.keys()
    for name, value in layer.state_dict().items():
        assert torch.equal(value, saved[name]), name


def test_a_step_equals_a_sequence_of_one(layer):
    layer.eval()
    x = spike_train(0, 6, 2, 4, dtype=torch.float32)
    _, state = layer(x[:5])
    y, end = layer(x[5:], state)
    y_step, end_step = layer.step(x[5], state)
    torch.testing.assert_close(y_step, y[0])
    torch.testing.assert_close(end_step, end)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_predict_the_same(layer, copied):
    x = spike_train(0, 9, 2, 4, dtype=torch.float32)
    assert torch.equal(copied(layer)(x)[0], layer(x)[0])


def test_linear_equals_torch_at_every_step():
    ours, theirs = neuro.Linear(4, 3), nn.Linear(4, 3)
    theirs.load_state_dict({k: v for k, v in ours.state_dict().items() if k != "mask"})
    x = torch.randn(5, 2, 4)
    assert torch.equal(ours(x), torch.stack([theirs(x_t) for x_t in x]))


@pytest.mark.parametrize(
    "settings", [{}, {"padding": 1, "stride": 2}, {"groups": 2, "bias": False, "dilation": 2}]
)
def test_conv2d_equals_torch_at_every_step(settings):
    ours, theirs = neuro.Conv2d(2, 4, 3, **settings), nn.Conv2d(2, 4, 3, **settings)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(5, 2, 2, 9, 8)
    torch.testing.assert_close(ours(x), torch.stack([theirs(x_t) for x_t in x]))


def masked_layers():
    mask = (torch.rand(4, 6) < 0.5).float()
    image_mask = (torch.rand(4, 2, 3, 3) < 0.5).float()
    return [
        (neuro.Linear(6, 4, mask=mask), torch.randn(10, 3, 6)),
        (neuro.Conv2d(2, 4, 3, mask=image_mask), torch.randn(10, 3, 2, 5, 5)),
    ]


def test_masks_keep_their_zeros_through_training():
    for layer, x in masked_layers():
        absent = layer.mask == 0
        optimiser = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
        before = layer.weight.detach().clone()
        for _ in range(5):
            optimiser.zero_grad()
            layer(x).square().mean().backward()
            optimiser.step()
        assert not layer.weight[absent].any()
        assert (layer.weight != before)[~absent].all()


def test_masked_connections_carry_nothing_even_if_a_weight_is_set():
    for layer, x in masked_layers():
        before = layer(x)
        with torch.no_grad():
            layer.weight[layer.mask == 0] = 7.0
        assert torch.equal(layer(x), before)


def test_sparse_units_start_with_the_variance_of_dense_ones():
    mask = torch.zeros(200, 400)
    mask[:, :40] = 1
    sparse, dense = neuro.Linear(400, 200, mask=mask), neuro.Linear(400, 200)
    x = torch.randn(20, 20, 400)
    ratio = (sparse(x).var() / dense(x).var()).item()
    assert ratio == pytest.approx(1, rel=0.1)


def test_batch_norm_takes_time_and_batch_together():
    ours, theirs = neuro.BatchNorm(3), nn.BatchNorm1d(3)
    x = torch.randn(7, 4, 3) * 2 + 1
    for _ in range(3):
        torch.testing.assert_close(ours(x).flatten(0, 1), theirs(x.flatten(0, 1)))
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
    ours.eval(), theirs.eval()
    torch.testing.assert_close(ours(x[:1])[0], theirs(x[0]))


def test_batch_norm_averages_all_batches_without_momentum():
    ours, theirs = neuro.BatchNorm(3, momentum=None), nn.BatchNorm1d(3, momentum=None)
    for _ in range(3):
        x = torch.randn(7, 4, 3)
        ours(x), theirs(x.flatten(0, 1))
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)


def test_batch_norm_of_images_has_one_pair_a_channel():
    y = neuro.BatchNorm(3)(torch.randn(6, 4, 3, 5, 5) * 3 + 2)
    torch.testing.assert_close(y.mean((0, 1, 3, 4)), torch.zeros(3), rtol=0, atol=1e-5)
    torch.testing.assert_close(y.var((0, 1, 3, 4)), torch.ones(3), rtol=0, atol=1e-2)


@pytest.mark.parametrize("same", [False, True])
def test_dropout_keeps_the_mean(same):
    y = neuro.Dropout(0.4, same_over_time=same)(torch.ones(50, 40, 50))
    assert y.mean().item() == pytest.approx(1, abs=0.03)
    assert y.unique().tolist() == pytest.approx([0, 1 / 0.6])
    assert torch.equal(y, y[:1].expand_as(y)) is same


def test_lift_applies_a_module_to_every_step():
    x = torch.randn(5, 2, 3, 8, 8)
    pool = nn.AvgPool2d(2)
    assert torch.equal(neuro.Lift(pool)(x), torch.stack([pool(x_t) for x_t in x]))


class Leaky(NamedTuple):
    v: Tensor


class Doubling(neuro.Cell[Leaky]):
    """Holds a parameter of its own and gives numbers, not spikes."""

    spiking = False

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(2.0))

    def init(self, x):
        return Leaky(torch.zeros_like(x))

    def step(self, x, state=None):
        (v,) = self.init(x) if state is None else state
        v = 0.5 * v + self.factor * x
        return v, Leaky(v)


def test_a_cell_of_two_methods_does_all_that_layers_do():
    cell = Doubling()
    net = neuro.Sequential({"fc": neuro.Linear(3, 3), "cell": cell}).eval()
    x = torch.randn(6, 2, 3)
    y, state = net(x)
    assert list(state) == ["cell"] and torch.equal(state["cell"].v, y[-1])
    stream = neuro.Streamer(net)
    torch.testing.assert_close(torch.stack([stream(x_t) for x_t in x]), y)
    _, traces = neuro.record(net, x, {"cell": ("v", "output")})
    torch.testing.assert_close(traces["cell"]["v"], y)
    y.sum().backward()
    assert cell.factor.grad != 0
    loop = neuro.Recurrent(Doubling(), neuro.Linear(3, 3, bias=False))
    assert loop(x)[0].shape == (6, 2, 3)
    assert neuro.spike_report(neuro.Sequential(neuro.Linear(3, 3), Adaptive()), x + 1).layers


def test_recurrence_equals_its_equation():
    body, feedback = neuro.LIF(4, 3.0), neuro.Linear(4, 4)
    for delay in (1, 2, 5):
        loop = neuro.Recurrent(body, feedback, delay)
        x = torch.randn(11, 2, 4) + 0.5
        state, outputs = None, [torch.zeros(2, 4)] * delay
        for x_t in x:
            y, state = body.step(
                x_t + F.linear(outputs[-delay], feedback.weight, feedback.bias), state
            )
            outputs.append(y)
        expected = torch.stack(outputs[delay:])
        assert expected.any() and torch.equal(loop(x)[0], expected)


def test_a_feedback_with_delays_adds_its_own():
    feedback = neuro.DelayedLinear(1, 1, max_delay=3, delay=[[2.0]])
    nn.init.ones_(feedback.weight)
    loop = neuro.Recurrent(neuro.LIF(1, 1.0, decay="euler"), feedback, delay=3).eval()
    x = torch.zeros(16, 1, 1)
    x[0] = 1
    # three steps around the loop and two along the synapse
    assert loop(x)[0].flatten().nonzero().flatten().tolist() == [0, 5, 10, 15]


def test_recurrence_over_images():
    body = neuro.Sequential(neuro.Conv2d(2, 2, 3, padding=1), neuro.LIF((2, 4, 4)))
    loop = neuro.Recurrent(body, neuro.Conv2d(2, 2, 1), size=(2, 4, 4))
    y, state = loop(torch.rand(5, 3, 2, 4, 4))
    assert y.shape == (5, 3, 2, 4, 4) and state.recent.shape == (1, 3, 2, 4, 4)


def test_detach_cuts_every_tensor_of_a_state():
    net = neuro.Sequential(
        neuro.DelayedLinear(3, 4, 2),
        neuro.Recurrent(neuro.LIF(4, refractory=1), neuro.Linear(4, 4)),
    )
    _, state = net(torch.rand(5, 2, 3, requires_grad=True))
    cut = neuro.detach(state)
    leaves, cut_leaves = (torch.utils._pytree.tree_leaves(s) for s in (state, cut))
    assert any(a.requires_grad for a in leaves if a is not None)
    assert not any(a.requires_grad for a in cut_leaves if a is not None)
    torch.testing.assert_close(cut, state)
    net(torch.rand(5, 2, 3), cut)


@pytest.mark.parametrize("surrogate", [neuro.ATan(3.0), neuro.Triangle(0.5)])
def test_a_surrogate_makes_spikes_with_its_own_gradient(surrogate):
    u = torch.linspace(-1, 1, 5, requires_grad=True)
    spikes = surrogate(u)
    assert spikes.tolist() == [0, 0, 1, 1, 1]
    spikes.sum().backward()
    assert torch.equal(u.grad, surrogate.derivative(u.detach())) and u.grad.all()


def test_a_state_survives_a_file_that_is_loaded_as_weights_only(name, tmp_path):
    layer = LAYERS[name]()
    _, state = layer(spike_train(0, 6, 2, 4, dtype=torch.float32))
    torch.save(state, tmp_path / "state.pt")
    # a class of one's own is named to torch by oneself
    own = [type(state)] if name == "cell" else []
    with torch.serialization.safe_globals(own):
        again = torch.load(tmp_path / "state.pt", weights_only=True)
    assert type(again) is type(state)
    x = spike_train(1, 6, 2, 4, dtype=torch.float32)
    torch.testing.assert_close(layer(x, state), layer(x, again), rtol=0, atol=0)
