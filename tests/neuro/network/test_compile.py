"""Compilers and exporters see a Network as one graph, and their code gives the same numbers."""

import pytest
import torch
from helpers.neuro import Forward, spike_train
from torch import nn

from axonal import neuro

# the compilers of torch 2.13 use what torch itself has deprecated
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning"),
]

X = spike_train(0, 7, 3, 4, dtype=torch.float32)


def network():
    """Delays, refractory neurons, a loop with a delay, a skip connection and a readout."""
    torch.manual_seed(0)

    def forward(self, x):
        h = self.first(self.delay(x))
        k = self.loop(self.norm(self.fc(h)))
        return self.out(torch.cat([h, k], dim=2))

    net = neuro.Network(
        Forward(
            forward,
            delay=neuro.DelayedLinear(4, 6, max_delay=3),
            first=neuro.LIF(6, 3.0, refractory=2, learn=("tau", "threshold")),
            fc=nn.Linear(6, 5, bias=False),
            norm=neuro.BatchNorm(5),
            loop=neuro.Recurrent(
                neuro.LIF(5, decay_input=True, threshold=0.2, reset="subtract", detach_reset=False),
                neuro.DelayedLinear(5, 5, 2, kernel="two-tap"),
                delay=2,
            ),
            out=nn.Sequential(neuro.Linear(11, 3), neuro.LeakyIntegrator(3)),
        )
    )
    with torch.no_grad():
        net.delay.weight.abs_()
    return net


def run(call, net, state=None):
    """Outputs, the final state and the gradients of everything that learns."""
    net.zero_grad()
    x = X.clone().requires_grad_()
    y, state = call(x, state)
    (y.square().sum() + sum(v.sum() for v in (state["first"].v, state["out.1"].v))).backward()
    grads = {name: p.grad.clone() for name, p in net.named_parameters()}
    return y.detach(), neuro.detach(state), {**grads, "x": x.grad}


@pytest.fixture
def fresh_compiler():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.usefixtures("fresh_compiler")
def test_a_large_sequence_is_compiled_too():
    layer = neuro.LIF(512)
    compiled = torch.compile(lambda x: layer(x)[0], fullgraph=True, backend="aot_eager")
    x = torch.rand(64, 32, 512, requires_grad=True)
    compiled(x).sum().backward()
    assert torch.equal(compiled(x), layer(x)[0])


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_a_compiled_network_is_one_graph_with_the_same_gradients(backend):
    net, twin = network(), network()
    compiled = torch.compile(net, fullgraph=True, backend=backend)
    state = None
    for _ in range(2):  # from rest, then on from a state
        expected = run(twin, twin, neuro.detach(state))
        found = run(compiled, net, neuro.detach(state))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        assert [name for name, g in found[2].items() if not g.any()] == []
        state = found[1]


@pytest.mark.usefixtures("fresh_compiler")
def test_a_compiled_network_in_evaluation():
    net = network().eval()
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    with torch.no_grad():
        y, state = compiled(X)
        expected, end = net(X)
    torch.testing.assert_close((y, state), (expected, end))


@pytest.mark.usefixtures("fresh_compiler")
def test_a_compiled_network_takes_other_lengths():
    net = network().eval()
    compiled = torch.compile(net, fullgraph=True, backend="eager", dynamic=False)
    for steps in (7, 4):
        with torch.no_grad():
            torch.testing.assert_close(compiled(X[:steps])[0], net(X[:steps])[0])


def test_an_exported_network_predicts_the_same():
    net = network().eval()
    program = torch.export.export(net, (X,))
    y, state = program.module()(X)
    expected, end = net(X)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(state["first"].v, end["first"].v)
    targets = {str(node.target) for node in program.graph.nodes}
    assert "axonal.lif.default" in targets


def test_an_exported_network_goes_on_from_a_state():
    net = network().eval()
    state = neuro.detach(net(X)[1])
    program = torch.export.export(net, (X, state))
    torch.testing.assert_close(program.module()(X, state)[0], net(X, state)[0])


@pytest.mark.parametrize("per", ["synapse", "source", "target"])
@pytest.mark.usefixtures("fresh_compiler")
def test_delayed_convolutions_compile_as_one_graph(per):
    torch.manual_seed(0)
    layer = neuro.DelayedConv2d(2, 3, 3, 14, padding=1, kernel="two-tap", per=per)
    net = neuro.Sequential({"conv": layer, "lif": neuro.LIF((3, 4, 4))})
    with torch.no_grad():
        layer.weight.abs_().add_(0.2)  # so that neurons fire
    x = spike_train(0, 8, 2, 32, dtype=torch.float32).unflatten(2, (2, 4, 4))
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    results = []
    for call in (compiled, net):
        net.zero_grad()
        y, state = call(x)
        (y + state["lif"].v).square().sum().backward()
        results.append((y.detach(), neuro.detach(state), layer.weight.grad, layer.position.grad))
    assert results[0][0].any() and results[0][3].any()
    torch.testing.assert_close(*results)
