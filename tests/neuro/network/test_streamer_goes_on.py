"""A stream after its first step: what it leaves out changes nothing, what changed is noticed."""

import copy
import pickle

import pytest
import torch
from helpers.layers import LAYERS
from torch import nn
from torch.utils import _pytree as pytree

from axonal import neuro


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def small():
    return neuro.Sequential(
        neuro.Linear(4, 6),
        neuro.LIF(6, threshold=0.3),
        neuro.Linear(6, 3),
        neuro.LeakyIntegrator(3),
    ).eval()


def running():
    """A network, an input, and a stream that has run two steps of it."""
    net, x = small(), torch.rand(1, 4)
    stream = neuro.Streamer(net)
    for _ in range(2):
        stream(x)
    return net, x, stream


@pytest.mark.parametrize("name", LAYERS)
def test_a_stream_that_goes_on_gives_what_checked_steps_give(name):
    net = neuro.Sequential(neuro.Linear(4, 4), LAYERS[name]()).eval()
    stream, state = neuro.Streamer(net), None
    with torch.no_grad():
        for x in torch.rand(6, 2, 4):
            wanted, state = net.step(x, state=state)
            assert torch.equal(stream(x), wanted)
    left, wanted = (pytree.tree_leaves(states) for states in (stream.state, state))
    for have, want in zip(left, wanted, strict=True):
        assert have is want or torch.equal(have, want)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("decay_input", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_step_for_its_values_alone_is_the_definition(reset, decay_input, dtype):
    lif = neuro.LIF(50, 3.0, reset=reset, decay_input=decay_input, threshold=0.4).to(dtype)
    written = neuro.LIF(
        50, 3.0, reset=reset, decay_input=decay_input, threshold=0.4, backend="reference"
    ).to(dtype)
    mine = theirs = None
    with torch.no_grad():
        for x in torch.randn(20, 3, 50, dtype=dtype):
            y, mine = lif.step(x, mine)
            z, theirs = written.step(x, theirs)
            assert torch.equal(y, z) and torch.equal(mine.v, theirs.v)
    assert 0.01 < y.mean() < 0.99


def test_what_changes_between_steps_is_noticed():
    net, x = small(), torch.rand(1, 4)
    stream = neuro.Streamer(net)
    for _ in range(3):
        stream(x)
    with pytest.raises(ValueError, match="expects x"):
        stream(torch.rand(1, 5))
    with pytest.raises(ValueError, match="NaN"):
        stream(torch.full((1, 4), torch.nan))
    with pytest.raises(ValueError, match=r"x\.float|floating"):
        stream(torch.ones(1, 4, dtype=torch.int64))
    with pytest.raises(ValueError, match="state"):
        stream(torch.rand(2, 4))  # another batch
    y = stream(x)  # the stream goes on as if these had not come
    other = neuro.Streamer(net)
    for _ in range(3):
        other(x)
    assert torch.equal(y, other(x))


def test_hooks_and_modules_put_in_later_are_called():
    net, x, seen = small(), torch.rand(1, 4), []
    stream = neuro.Streamer(net)
    for _ in range(2):
        stream(x)
    handle = net[1].register_forward_hook(lambda *_: seen.append(1))
    stream(x)
    handle.remove()
    stream(x)
    assert seen == [1]
    with torch.no_grad():
        net[2].weight.zero_(), net[2].bias.zero_()
    before = stream(x)
    setattr(net, "2", neuro.Linear(6, 3))
    after, kept = stream(x), stream.state["3"].v
    assert not torch.equal(after, before * net[3].decay) and torch.equal(after, kept)


def test_what_a_user_wrote_around_a_forward_is_run_at_every_step():
    class Doubled(neuro.LIF):
        def forward(self, x, state=None):
            y, state = super().forward(x, state)
            return 2 * y, state

    class Around(neuro.Network):
        def __init__(self, *parts):
            super().__init__(nn.Sequential(*parts))

        def forward(self, x, state=None):
            y, state = super().forward(x, state=state)
            return y + 1, state

    parts = neuro.Linear(4, 6), Doubled(6, threshold=0.1)
    x = torch.rand(1, 4)
    for net in (neuro.Sequential(*parts).eval(), Around(*parts).eval()):
        stream, state = neuro.Streamer(net), None
        for _ in range(4):
            wanted, state = net.step(x, state=state)
            assert torch.equal(stream(x), wanted)
    assert wanted.max() == 3
    patched = small()
    stream = neuro.Streamer(patched)
    stream(x), stream(x)
    patched[1].forward = lambda x, state: (torch.ones(1, 1, 6), state)
    assert torch.equal(stream(x), patched.step(x, state=stream.state)[0] * 0 + stream.state["3"].v)
    assert stream.state["1"] is not None


def test_a_layer_that_became_another_type_is_refused():
    net, x, stream = running()
    net.double()
    with pytest.raises(ValueError, match=r"holds float64"):
        stream(x)


def test_a_state_that_a_user_put_in_is_checked():
    _, x, stream = running()
    stream.state = {"1": neuro.LIFState(torch.zeros(1, 7), None), "3": stream.state["3"]}
    with pytest.raises(ValueError, match="state"):
        stream(x)


def test_a_potential_that_is_no_number_is_told_by_its_layer():
    net, x, stream = running()
    with torch.no_grad():
        net[0].weight.fill_(torch.nan)
    with pytest.raises(ValueError, match="NaN in the potential"):
        stream(x)


def _in_place(layer):
    with torch.no_grad():
        layer.weight.mul_(2)
        layer.bias.add_(1)


def _other_data(layer):
    layer.weight.data = layer.weight.data * 3


def _fewer_strides(layer):
    layer.weight.data = layer.weight.data.flip(0).contiguous().t().contiguous().t()


def _other_parameter(layer):
    layer.bias = nn.Parameter(layer.bias.detach() + 2)


def _moved_for_other_processes(layer):
    layer.share_memory()
    with torch.no_grad():
        layer.weight.fill_(1)


def _loaded(layer):
    layer.load_state_dict({"weight": torch.ones(6, 4), "bias": torch.zeros(6)})


@pytest.mark.parametrize(
    "change",
    [_in_place, _other_data, _fewer_strides, _other_parameter, _moved_for_other_processes, _loaded],
)
def test_weights_that_change_between_steps_are_those_of_the_next(change):
    layer, x = neuro.Linear(4, 6), torch.rand(1, 4)
    stream = neuro.Streamer(neuro.Sequential(layer, neuro.LeakyIntegrator(6)).eval())
    for _ in range(3):
        before = stream(x)
    change(layer)
    after = stream(x)
    assert not torch.equal(before, after)
    wanted = layer(x[None])[0] + stream.net[1].decay * before
    torch.testing.assert_close(after, wanted.detach())


def test_a_copy_of_a_network_that_ran_has_weights_of_its_own():
    net, x, _ = running()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        with torch.no_grad():
            net[0].weight.zero_()
        mine, theirs = neuro.Streamer(net), neuro.Streamer(other)
        for _ in range(3):
            mine(x), theirs(x)
        # the potentials before the readout
        assert not torch.equal(mine.state["1"].v, theirs.state["1"].v)


class Positive(neuro.Linear):
    @property
    def masked_weight(self):
        return self.weight.abs()


class Subtracting(neuro.LIF):
    @property
    def convention(self):
        return super().convention._replace(reset="subtract")


def test_what_a_subclass_makes_of_weights_and_conventions_counts():
    net = neuro.Sequential(Positive(4, 6), Subtracting(6, threshold=0.3)).eval()
    x = torch.rand(8, 1, 4)
    stream = neuro.Streamer(net)
    assert torch.equal(torch.stack([stream(x_t) for x_t in x]), net(x)[0])


def test_numbers_that_are_seen_negated_are_read_as_they_are():
    x = torch.complex(torch.rand(3, 1, 4), torch.rand(3, 1, 4)).conj().imag
    net = small()
    stream = neuro.Streamer(net)
    y = torch.stack([stream(x_t) for x_t in x])
    torch.testing.assert_close(y, net(x.clone())[0].detach())
