"""A loop of LIF neurons runs as one operator and is what it is step by step.

Weights and inputs lie on a grid, where sums are exact in any order: spikes must be the same.
"""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune
from torch.utils import _pytree as pytree

from axonal import neuro

# the compilers of torch 2.13 use what torch itself has deprecated
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning"),
]


def spikes_in(steps=12, batch=3, size=5):
    generator = torch.Generator().manual_seed(steps)
    return torch.randint(-64, 160, (steps, batch, size), generator=generator) / 64


def loop(size=5, *, bias=True, mask=None, **lif):
    torch.manual_seed(0)
    feedback = neuro.Linear(size, size, bias=bias, mask=mask)
    with torch.no_grad():
        for parameter in feedback.parameters():
            parameter.copy_((2 * parameter * 64).round() / 64)
    return neuro.Recurrent(neuro.LIF(size, **lif), feedback)


LOOPS = {
    "plain": {},
    "learned": {"learn": ("tau", "threshold"), "decay_input": True},
    "refractory": {"refractory": 2, "reset": "subtract", "detach_reset": False},
    "masked": {"bias": False, "mask": torch.ones(5, 5).tril()},
    "recompute": {"recompute": True, "surrogate": neuro.Triangle(0.5)},
    "reference": {"backend": "reference"},
    "cpu": {"backend": "cpu"},
}


def run(net, x, state=None):
    """Output, final state and gradients of everything that learns."""
    net.zero_grad()
    x = x.clone().requires_grad_()
    y, end = net(x, state)
    weights = torch.linspace(-1, 1, y.numel()).view_as(y)
    ((y * weights).sum() + end.body.v.square().sum() + end.recent.sum()).backward()
    grads = {name: p.grad.clone() for name, p in net.named_parameters()}
    return y.detach(), neuro.detach(end), {**grads, "x": x.grad}


def calls(module):
    """Count the calls of a module, which makes a loop run step by step."""
    seen = []
    module.register_forward_hook(lambda *_: seen.append(1))
    return seen


@pytest.mark.parametrize("kind", LOOPS)
def test_one_operator_is_what_the_steps_are(kind):
    fast, slow = loop(**LOOPS[kind]), loop(**LOOPS[kind])
    steps = calls(slow.body)
    x, state = spikes_in(), None
    for part in x.split((7, 1, 4)):
        found, expected = run(fast, part, state), run(slow, part, state)
        assert torch.equal(found[0], expected[0])
        assert found[0].any()
        torch.testing.assert_close(found[1:], expected[1:], rtol=1e-5, atol=1e-5)
        assert [type(part) for part in found[1]] == [type(part) for part in expected[1]]
        state = found[1]
    assert len(steps) == len(x)


def test_a_loop_from_a_state_that_learns():
    fast, slow = loop(), loop()
    calls(slow.feedback)
    grads = []
    for net in (fast, slow):
        start = neuro.detach(net(spikes_in(3))[1])
        leaves = start.recent.requires_grad_(), start.body.v.requires_grad_()
        y, end = net(spikes_in(4), start)
        grads.append(torch.autograd.grad(y.sum() + end.body.v.sum(), leaves))
    torch.testing.assert_close(*grads)
    assert all(g.any() for g in grads[0])


def one_operator(net, x):
    """Return whether the loop runs as one operator."""
    with torch.no_grad(), torch.profiler.profile() as profile:
        net(x)
    return any(event.key == "axonal::recurrent_lif" for event in profile.key_averages())


def test_what_is_no_plain_loop_runs_step_by_step():
    x = spikes_in()

    class Own(neuro.LIF):
        pass

    class Halved(neuro.Linear):
        def forward(self, x):
            return super().forward(x) / 2

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = neuro.Linear(5, 5)

        def forward(self, x):
            return self.inner(x) * 2

    assert one_operator(loop(), x)
    linear = neuro.Linear(5, 5)
    others = {
        "delay": neuro.Recurrent(neuro.LIF(5), linear, delay=2),
        "body": neuro.Recurrent(Own(5), linear),
        "feedback": neuro.Recurrent(neuro.LIF(5), Halved(5, 5)),
        "network": neuro.Recurrent(neuro.LIF(5), neuro.Network(Twice())),
        "torch": neuro.Recurrent(neuro.LIF(5), nn.Linear(5, 5)),
        "parametrized": loop(),
        "pruned": loop(),
        "patched": loop(),
    }
    parametrize.register_parametrization(
        others["parametrized"].feedback.inner, "weight", nn.Identity()
    )
    prune.l1_unstructured(others["pruned"].feedback.inner, "weight", 3)
    others["patched"].body.forward = others["patched"].body.forward
    for name, net in others.items():
        assert not one_operator(net, x), name


def test_recording_inside_a_loop_changes_nothing():
    net = neuro.Sequential({"loop": loop(learn="tau")})
    x = spikes_in()
    plain, _ = net(x)
    traced = ("spikes", "v", "input")
    y, traces = neuro.record(net, x, {"loop.body": traced, "loop.feedback.inner": ("output",)})
    assert torch.equal(y, plain)
    assert torch.equal(traces["loop.body"]["spikes"], plain)
    assert torch.equal(traces["loop.body"]["input"], x + traces["loop.feedback.inner"]["output"])
    report = neuro.spike_report(net, x)
    assert report.layers[0].path == "loop.body"
    assert report.layers[0].rate == pytest.approx(float(plain.detach().mean()))


def test_a_stream_gives_bit_for_bit_what_the_sequence_gives():
    net = loop(40, refractory=1).eval()
    with torch.no_grad():
        net.feedback.inner.weight.normal_(0, 0.1)  # not on a grid
    x = spikes_in(20, 2, 40)
    with torch.no_grad():
        y, end = net(x)
    stream = neuro.Streamer(net)
    assert torch.equal(torch.stack([stream(x_t) for x_t in x]), y)
    assert torch.equal(stream.state.body.v, end.body.v)


@pytest.fixture
def fresh_compiler():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("kind", ["plain", "refractory", "learned"])
def test_a_compiled_loop_is_one_graph_with_the_same_gradients(kind):
    net, twin = loop(**LOOPS[kind]), loop(**LOOPS[kind])
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    compiled.named_parameters, compiled.zero_grad = net.named_parameters, net.zero_grad
    state = None
    for _ in range(2):  # from rest, then on from a state
        found, expected = run(compiled, spikes_in(), state), run(twin, spikes_in(), state)
        torch.testing.assert_close(found, expected)
        state = expected[1]


def test_an_exported_loop_holds_the_operator():
    net = loop().eval()
    program = torch.export.export(net, (spikes_in(),))
    assert "axonal.recurrent_lif.default" in {str(node.target) for node in program.graph.nodes}
    torch.testing.assert_close(program.module()(spikes_in())[0], net(spikes_in())[0])


def test_the_state_shares_no_memory_with_the_output():
    y, state = loop()(spikes_in())
    last = state.recent.clone()
    y.detach().zero_()
    assert torch.equal(state.recent, last)
    assert last.any()


def test_a_state_of_ones_own_may_hold_other_values_than_spikes():
    torch.manual_seed(0)
    feedback = neuro.DelayedLinear(6, 6, 15, kernel="one-tap")
    loop = neuro.Recurrent(neuro.LIF(6, 3.0, threshold=0.3), feedback).double()
    watched = copy.deepcopy(loop)
    watched.body.register_forward_hook(lambda *_: None)  # which makes it run step by step
    x = torch.rand(20, 2, 6, dtype=torch.float64)
    _, state = loop(x)
    numbers = pytree.tree_map_only(torch.Tensor, lambda a: torch.rand_like(a) / 2, state)
    y, _ = loop(x, numbers)
    assert torch.equal(y, watched(x, numbers)[0])
    assert not torch.equal(y, loop(x, state)[0])
