"""Network: an ordinary forward becomes one graph with explicit states."""

import copy
import io
import pickle

import pytest
import torch
import torch.nn.functional as F
from helpers.neuro import Adaptive, Forward, spike_train
from helpers.random_networks import networks
from hypothesis import given
from torch import nn

from axonal import neuro


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


X = spike_train(0, 9, 2, 4, dtype=torch.float32)


def small():
    return neuro.Sequential(
        {"fc": neuro.Linear(4, 5), "lif": neuro.LIF(5), "out": neuro.LeakyIntegrator(5)}
    )


def test_layers_receive_and_return_their_states_by_path():
    def forward(self, x):
        h = self.first(self.delayed(x))
        return self.last(h + self.parts["second"](self.fc(h)))

    net = neuro.Network(
        Forward(
            forward,
            delayed=neuro.DelayedLinear(4, 5, 3),
            first=neuro.LIF(5, refractory=1),
            fc=neuro.Linear(5, 5),
            parts=nn.ModuleDict({"second": neuro.LIF(5)}),
            last=neuro.LeakyIntegrator(5),
        )
    )
    y, state = net(X)
    assert list(state) == ["delayed", "first", "parts.second", "last"] == list(net.stateful_layers)
    assert isinstance(state["first"], neuro.LIFState) and state["first"].wait is not None
    delayed, _ = net.delayed(X)
    h, first = net.first(delayed)
    k, _ = net.parts["second"](net.fc(h))
    assert torch.equal(y, net.last(h + k)[0])
    assert torch.equal(first.v, state["first"].v)


def test_parameters_and_buffers_keep_the_names_of_the_module():
    module = Forward(
        lambda self, x: self.lif(self.fc(x) * self.gain + self.offset),
        fc=neuro.Linear(4, 5),
        lif=neuro.LIF(5, learn="tau"),
        gain=nn.Parameter(torch.tensor(2.0)),
    )
    module.register_buffer("offset", torch.full((5,), 0.5))
    module.register_buffer("scratch", torch.zeros(1), persistent=False)
    net = neuro.Network(module)
    assert net.state_dict().keys() == module.state_dict().keys()
    assert dict(net.named_parameters()).keys() == dict(module.named_parameters()).keys()
    y, _ = net(X)
    assert torch.equal(y, module.lif(module.fc(X) * 2 + 0.5)[0])
    y.sum().backward()
    assert net.gain.grad is not None and net.gain.grad != 0
    with torch.no_grad():
        net.gain.zero_(), net.offset.zero_()
    assert not net(X)[0].any()


def test_several_inputs_and_outputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = neuro.LIF(4), neuro.LIF(4)

        def forward(self, left, right):
            first = self.a(left)
            return {"spikes": first, "pair": (self.b(right), first + right)}

    net = neuro.Network(Two())
    assert net.input_names == ["left", "right"]
    y, state = net(X, 2 * X)
    assert torch.equal(y["pair"][1], y["spikes"] + 2 * X)
    parts = [net(X[:3], 2 * X[:3])]
    parts.append(net(X[3:], 2 * X[3:], parts[0][1]))
    assert torch.equal(torch.cat([p[0]["pair"][0] for p in parts]), y["pair"][0])
    one, _ = net.step(X[0], 2 * X[0])
    assert torch.equal(one["spikes"], y["spikes"][0])
    assert torch.equal(neuro.Streamer(net.eval())(X[0], 2 * X[0])["pair"][0], y["pair"][0][0])
    assert state.keys() == {"a", "b"}


def test_nested_networks_are_inlined_under_their_path():
    inner = neuro.Network(
        Forward(
            lambda self, x: F.max_pool1d(self.lif(self.fc(x)) + self.offset, 2),
            fc=nn.Linear(4, 6),
            lif=neuro.LIF(6),
            offset=nn.Parameter(torch.tensor(0.25)),
        )
    )
    outer = neuro.Network(
        Forward(
            lambda self, x: self.out(self.block(x)[..., :3]),
            block=inner,
            out=neuro.LeakyIntegrator(3),
        )
    )
    y, state = outer(X)
    assert list(state) == ["block.lif", "out"]
    assert torch.equal(y, outer.out(inner(X)[0][..., :3])[0])
    targets = [str(node.target) for node in outer.traced.nodes if node.op == "call_module"]
    assert targets == ["block.fc", "block.lif", "out"]


def test_sequential_of_sequential():
    net = neuro.Sequential(neuro.Linear(4, 5), neuro.Sequential(neuro.LIF(5), neuro.LIF(5)))
    y, state = net(X)
    assert list(state) == ["1.0", "1.1"] and len(net) == 2
    assert net[1][0] is net.get_submodule("1.0")
    assert net["1"] is net[1]
    assert torch.equal(y, net[1](net[0](X))[0])
    twice = neuro.Sequential(neuro.Sequential(neuro.Sequential(neuro.LIF(4))))
    assert list(twice(X)[1]) == ["0.0.0"]


def test_modules_of_torch_are_applied_to_every_step():
    def forward(self, x):
        h = F.avg_pool2d(F.relu(self.norm(self.conv(x))), 2)
        return self.tail(self.spikes(h))

    net = neuro.Network(
        Forward(
            forward,
            conv=nn.Conv2d(2, 3, 3, padding=1),
            norm=nn.BatchNorm2d(3),
            spikes=neuro.LIF((3, 4, 4), threshold=0.2),
            tail=nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5), nn.LazyLinear(5)),
        )
    ).eval()
    x = torch.randn(6, 3, 2, 8, 8)
    y, _ = net(x)
    h = torch.stack([F.avg_pool2d(F.relu(net.norm(net.conv(x_t))), 2) for x_t in x])
    spikes, _ = net.spikes(h)
    torch.testing.assert_close(y, torch.stack([net.tail(s_t) for s_t in spikes]))
    assert y.shape == (6, 3, 5) and spikes.any()


def test_sizes_serve_to_reshape():
    def forward(self, x):
        steps, batch, n = x.shape
        h = x.reshape(steps, batch, 2, n // 2).permute(0, 1, 3, 2)
        h = h.reshape(x.size(0), -1, n // 2 * 2)
        return self.lif(h / x.shape[2])

    net = neuro.Network(Forward(forward, lif=neuro.LIF(4, threshold=0.2)))
    expected = X.reshape(9, 2, 2, 2).transpose(2, 3).reshape(9, 2, 4) / 4
    assert torch.equal(net(X)[0], net.lif(expected)[0])


def test_layers_may_be_shared_if_they_have_no_memory():
    net = neuro.Network(Forward(lambda self, x: self.fc(self.fc(x)), fc=neuro.Linear(4, 4)))
    assert torch.equal(net(X)[0], net.fc(net.fc(X)))


def test_tracing_leaves_the_module_as_it_was():
    module = Forward(lambda self, x: self.lif(self.fc(x)), fc=neuro.Linear(4, 4), lif=neuro.LIF(4))
    module.train()
    module.fc.eval()
    before = {name: dict(vars(m)) for name, m in module.named_modules()}
    net = neuro.Network(module)
    after = {name: dict(vars(m)) for name, m in module.named_modules()}
    assert before.keys() == after.keys()
    for name, attributes in before.items():
        attributes.pop("training")
        after[name].pop("training")
        assert attributes == after[name]
    assert net.fc is module.fc and net.training


def test_each_module_keeps_its_own_mode():
    # a frozen batch norm inside a network in training, as in fine-tuning
    norm = neuro.BatchNorm(4).eval()
    module = Forward(lambda self, x: self.norm(x), norm=norm)
    assert neuro.Network(module).norm.training is False


@given(networks())
def test_copies_and_saved_states_predict_the_same(drawn):
    net, shape = drawn
    x = spike_train(1, 7, 2, *shape)
    y, state = net(x)
    for twin in (copy.deepcopy(net), _pickled(net)):
        torch.testing.assert_close(twin(x)[0], y, rtol=0, atol=0)
        assert twin(x)[1].keys() == state.keys()
        assert not {id(p) for p in twin.parameters()} & {id(p) for p in net.parameters()}
    twin = copy.deepcopy(net)
    with torch.no_grad():
        for tensor in twin.state_dict().values():
            tensor.zero_()
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    twin.load_state_dict(torch.load(file, weights_only=True))
    torch.testing.assert_close(twin(x)[0], y, rtol=0, atol=0)


def _pickled(net):
    # plans hold no functions, so that their modules can be pickled
    return pickle.loads(pickle.dumps(net))


def test_a_copied_network_can_be_nested():
    net = _pickled(
        neuro.Network(Forward(_pools_and_slices, lif=neuro.LIF((1, 4, 4)), fc=neuro.Linear(4, 3)))
    )
    outer = neuro.Sequential(copy.deepcopy(net), neuro.LIF(3))
    x = torch.rand(5, 2, 1, 4, 4) * 2
    assert torch.equal(outer(x)[0], outer[1](net(x)[0])[0])


def _pools_and_slices(self, x):
    h = F.max_pool2d(self.lif(x), kernel_size=2)
    return self.fc(
        torch.cat([h[:, :, 0, : x.shape[3] // 2], h[:, :, 0, 1:2]], dim=2).flatten(2)[
            ..., [0, 1, 2, 0]
        ]
    )


def test_deep_networks_can_be_pickled():
    net = neuro.Sequential(*[neuro.LIF(2, threshold=0.5) for _ in range(200)])
    assert len(_pickled(net)(torch.ones(2, 1, 2))[1]) == 200


def test_a_pickle_keeps_the_line_of_every_call():
    net = small()
    twin = _pickled(net)
    assert [n.meta["here"] for n in twin.traced.nodes] == [n.meta["here"] for n in net.traced.nodes]
    one, other = ([(n.op, n.name, n.target) for n in m.traced.nodes] for m in (net, twin))
    assert one == other


def test_functional_call_replaces_parameters():
    net = small()
    doubled = {name: 2 * p for name, p in net.named_parameters()}
    y, _ = torch.func.functional_call(net, doubled, (X,))
    twin = copy.deepcopy(net)
    with torch.no_grad():
        for p in twin.parameters():
            p.mul_(2)
    assert torch.equal(y, twin(X)[0]) and not torch.equal(y, net(X)[0])

    # transforms cannot look into operators: they take the definition
    net.lif.backend = net.out.backend = "reference"

    def loss(parameters):
        return torch.func.functional_call(net, parameters, (X,))[0].square().sum()

    grads = torch.func.grad(loss)(dict(net.named_parameters()))
    loss(dict(net.named_parameters())).backward()
    for name, p in net.named_parameters():
        torch.testing.assert_close(grads[name], p.grad)


def test_moving_to_another_precision_moves_everything():
    net = neuro.Sequential(
        neuro.DelayedLinear(4, 5, 3, mask=torch.ones(5, 4)),
        neuro.Recurrent(neuro.LIF(5, learn="threshold"), neuro.Linear(5, 5)),
        neuro.LeakyIntegrator(5),
    )
    y, state = net.double()(X.double())
    leaves = torch.utils._pytree.tree_leaves((y, state))
    assert {leaf.dtype for leaf in leaves if torch.is_tensor(leaf)} == {torch.float64}


def test_a_network_as_the_body_of_a_loop_keeps_its_states():
    body = neuro.Network(
        Forward(lambda self, x: self.cell(self.fc(x)), fc=neuro.Linear(4, 4), cell=Adaptive())
    )
    net = neuro.Sequential({"loop": neuro.Recurrent(body, neuro.Linear(4, 4), delay=3)})
    y, state = net(X)
    assert list(state["loop"].body) == ["cell"] and list(net.state_dict()) == [
        "loop.body.fc.weight",
        "loop.body.fc.bias",
        "loop.feedback.inner.weight",
        "loop.feedback.inner.bias",
    ]
    first, middle = net(X[:4])
    assert torch.equal(torch.cat((first, net(X[4:], middle)[0])), y)


def test_a_plain_module_as_the_body_of_a_loop():
    body = nn.Sequential(nn.Linear(4, 4), neuro.LIF(4))
    loop = neuro.Recurrent(body, nn.Linear(4, 4))
    assert loop(X)[0].shape == X.shape


def test_a_layer_without_memory_runs_at_every_place_where_it_stands():
    shared = neuro.Linear(3, 3)
    net = neuro.Sequential(shared, nn.ReLU(), shared)
    x = torch.rand(4, 2, 3)
    torch.testing.assert_close(net(x)[0], shared(shared(x).relu()))
    assert len(net) == 3 and net[-1] is shared
    assert len(list(net.parameters())) == 2
