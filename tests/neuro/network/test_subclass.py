"""A subclass of Network with a forward is the network that a wrapped module makes."""

import copy
import io
import pickle

import pytest
import torch
from helpers.neuro import spike_train
from torch import nn

from axonal import deploy, neuro

X = spike_train(0, 9, 2, 4, dtype=torch.float32)


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.lif = nn.Linear(5, 5), neuro.LIF(5, refractory=1)

    def forward(self, h):
        return self.lif(self.fc(h))


class Body:
    """Layers and forward, to be mixed with a module or with a Network."""

    def __init__(self):
        super().__init__()
        self.delay = neuro.DelayedLinear(4, 5, 3)
        self.first = neuro.LIF(5, 3.0, learn="tau")
        self.block = Inner()
        self.gain = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("offset", torch.tensor(0.5))
        self.out = neuro.LeakyIntegrator(5)
        self.scale = 3.0

    def forward(self, x):
        h = self.first(self.delay(x) * self.gain + self.offset)
        return self.out(h + self.block(h))

    def penalty(self):
        return self.scale * self.gain.square()


class Module(Body, nn.Module):
    pass


class Net(Body, neuro.Network):
    pass


class Louder(Net):
    """Builds on the forward of its base."""

    def __init__(self):
        super().__init__()
        self.loud = neuro.LIF(5)

    def forward(self, x):
        return self.loud(super().forward(x) * 5)


class Padded(Net):
    """Runs the network itself, around the forward of its base."""

    def forward(self, x, state=None, *, steps=0):
        y, state = super().forward(torch.cat([x, x.new_zeros(steps, *x.shape[1:])]), state)
        return y[steps:], state


class Stepping(neuro.Network):
    def __init__(self):
        super().__init__()
        self.lif = neuro.LIF(3)

    def forward(self, x):
        return self.lif(x)

    def step(self, x):
        return x


def made(kind):
    torch.manual_seed(0)
    return kind()


@pytest.fixture
def both():
    return made(Net), neuro.Network(made(Module))


def test_both_have_one_state_dict_one_graph_and_one_output(both):
    net, wrapped = both
    assert net.state_dict().keys() == wrapped.state_dict().keys()
    assert list(net.stateful_layers) == ["delay", "first", "block.lif", "out"]
    assert list(net.stateful_layers) == list(wrapped.stateful_layers)
    assert str(net.traced) == str(wrapped.traced) and net.input_names == ["x"]
    y, state = net(X)
    expected, end = wrapped(X)
    assert torch.equal(y, expected) and state.keys() == end.keys() and y.any()
    assert torch.equal(net(X, state)[0], wrapped(X, state=end)[0])
    assert torch.equal(net.penalty(), wrapped.penalty()) and net.scale == 3
    wrapped.load_state_dict({name: 2 * value for name, value in net.state_dict().items()})
    net.load_state_dict(wrapped.state_dict())
    assert torch.equal(net(X)[0], wrapped(X)[0])


def _pickled(net):
    return pickle.loads(pickle.dumps(net))


def _loaded(net):
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled, _loaded])
@pytest.mark.parametrize("kind", [Net, Louder, Padded])
def test_copies_predict_the_same_and_share_nothing(kind, copied):
    net = made(kind)
    twin = copied(net)
    assert type(twin) is kind and torch.equal(twin(X)[0], net(X)[0])
    assert [n.name for n in twin.traced.nodes] == [n.name for n in net.traced.nodes]
    with torch.no_grad():
        for p in twin.parameters():
            p.zero_()
    assert not torch.equal(twin(X)[0], net(X)[0])


def test_gradients_are_the_same(both):
    grads = []
    for net in both:
        net(X)[0].square().sum().backward()
        grads.append({name: p.grad for name, p in net.named_parameters()})
    for name, grad in grads[0].items():
        assert grad.any() and torch.equal(grad, grads[1][name]), name


def test_hooks_of_the_network_and_of_its_layers_run(both):
    for net in both:
        calls = []
        net.register_forward_hook(lambda _, args, result, c=calls: c.append((args, result)))
        net.first.register_forward_hook(lambda _, args, result, c=calls: c.append(result[0]))
        net.block.fc.register_forward_pre_hook(lambda _, args: (args[0] * 0,))
        y, state = net(X)
        spikes, (args, result) = calls
        assert spikes.shape == (9, 2, 5) and args[0] is X and result == (y, state)
        assert torch.equal(
            y, net.out(spikes + net.block.lif(net.block.fc.bias.expand(9, 2, 5))[0])[0]
        )


def test_streams_records_and_reports_are_the_same(both):
    outputs = []
    for net in both:
        net.eval()
        stream = neuro.Streamer(net)
        y, traces = neuro.record(net, X, {"first": ("spikes", "v"), "block.lif": ("input",)})
        assert torch.equal(torch.stack([stream(x) for x in X]), y)
        assert net.step(X[0])[0].shape == (2, 5)
        report = str(neuro.spike_report(net, 3 * X))
        outputs.append((y, traces["first"]["v"], traces["block.lif"]["input"], report))
    for one, other in zip(*outputs, strict=True):
        assert one == other if isinstance(one, str) else torch.equal(one, other)


@pytest.mark.filterwarnings("ignore:.*never fire:UserWarning")
def test_the_exported_graphs_are_equal(both):
    one, other = (deploy.export(net.eval(), dt=1e-3, inputs=X) for net in both)
    assert [p.name for p in one.populations] == [p.name for p in other.populations]
    for name, spikes in one.golden.spikes.items():
        assert (spikes == other.golden.spikes[name]).all()


def test_torch_export_takes_it(both):
    for net in both:
        net.eval()
        program = torch.export.export(net, (X,))
        torch.testing.assert_close(program.module()(X)[0], net(X)[0])
        _, state = net(X)
        program = torch.export.export(net, (X, neuro.detach(state)))
        torch.testing.assert_close(program.module()(X, state)[0], net(X, state)[0])


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("kind", [Net, Louder])
def test_it_compiles_as_one_graph(kind):
    torch.compiler.reset()
    net = made(kind)
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    y, state = compiled(X)
    torch.testing.assert_close((y, state), net(X))
    state = neuro.detach(state)
    torch.testing.assert_close(compiled(X, state)[0], net(X, state)[0])
    torch.compiler.reset()


def test_a_forward_may_build_on_that_of_its_base():
    net = made(Louder)
    base = net.out(_first(net, X) + net.block.lif(net.block.fc(_first(net, X)))[0])[0]
    assert torch.equal(net(X)[0], net.loud(base * 5)[0])
    assert list(net.stateful_layers)[-1] == "loud"


def _first(net, x):
    return net.first(net.delay(x)[0] * net.gain + net.offset)[0]


def test_a_forward_that_takes_a_state_runs_around_that_of_its_base():
    net, plain = made(Padded), made(Net)
    y, state = net(X, steps=2)
    expected, end = plain(torch.cat([X, torch.zeros(2, 2, 4)]))
    assert torch.equal(y, expected[2:]) and torch.equal(state["first"].v, end["first"].v)
    assert torch.equal(net(X, state)[0], plain(X, end)[0])


def test_networks_nest_in_each_other_in_every_form():
    inner = made(Net)
    y = inner(X)[0]
    outer = neuro.Sequential({"inner": inner, "lif": neuro.LIF(5)})
    assert list(outer.stateful_layers) == [*(f"inner.{p}" for p in inner.stateful_layers), "lif"]
    assert torch.equal(outer(X)[0], outer.lif(y)[0])
    loop = neuro.Recurrent(neuro.Sequential(neuro.Linear(4, 4), neuro.LIF(4)), Feedback())
    assert loop(X)[0].shape == X.shape


class Feedback(neuro.Network):
    def __init__(self):
        super().__init__()
        self.fc = neuro.Linear(4, 4)

    def forward(self, x):
        return self.fc(x)


def test_a_network_that_is_replaced_inside_is_noticed():
    net = made(Net)
    net.block.lif = neuro.LIF(5, threshold=0.1)
    assert torch.equal(net(X)[0], copy.deepcopy(net)(X)[0])
    net.first = neuro.Linear(5, 5)
    with pytest.raises(ValueError, match="Linear stands where the Network was made with a layer"):
        net(X)
    net.first = neuro.LIF(5)
    net.block.fc = neuro.Linear(5, 5)  # another kind of call
    assert net(X)[0].shape == (9, 2, 5)
    del net.block.fc
    with pytest.raises(ValueError, match=r"block\.fc is gone, which the Network was made with"):
        net(X)


def refused(call, *parts, error=neuro.NetworkError):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message and all(part in message for part in parts), message


def test_names_that_hide_a_method_of_network_are_refused():
    refused(
        Stepping, "Stepping cannot become a Network: the names step are taken by Network itself"
    )

    class Hiding(neuro.Network):
        def __init__(self, name, value):
            super().__init__()
            setattr(self, name, value)

        def forward(self, x):
            return x + 1

    for name in ("step", "traced", "stateful_layers", "input_names"):
        refused(lambda name=name: Hiding(name, 3), f"Hiding.{name} would hide what a Network has")
    for name in ("train", "parameters", "forward"):
        refused(lambda name=name: Hiding(name, neuro.LIF(3)), f"Hiding.{name} would hide")
    refused(lambda: Hiding("eval", 2.0), "Hiding.eval would hide")
    net = Hiding("mine", 3)
    refused(lambda: setattr(net, "step", 1), "Hiding.step would hide")
    assert net.mine == 3 and torch.equal(net(X)[0], X + 1)


def test_a_forward_is_refused_as_that_of_a_wrapped_module_is():
    class Branching(neuro.Network):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(neuro.NetworkError, match=r"Branching cannot become a Network:\n.*a branch"):
        Branching()


def test_a_network_is_made_in_one_of_two_ways():
    refused(neuro.Network, "write neuro.Network(Net()), or class Net", error=TypeError)

    class Twice(neuro.Network):
        def __init__(self):
            super().__init__(Inner())

        def forward(self, x):
            return x

    refused(Twice, "Twice has a forward of its own and takes no module", error=TypeError)

    class Early(neuro.Network):
        def __init__(self):
            super().__init__()
            self.lif = neuro.LIF(4)
            self(X)

        def forward(self, x):
            return self.lif(x)

    refused(Early, "a Network is made when its constructor is done", error=AttributeError)
