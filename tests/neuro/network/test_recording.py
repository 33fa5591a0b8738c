"""record returns the inputs, outputs and states of layers of a run."""

import pytest
import torch
from helpers.neuro import looped_network as network
from helpers.neuro import spike_train

from axonal import neuro

X = spike_train(0, 12, 3, 4, rate=0.5, dtype=torch.float32)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_traces_are_those_of_the_run():
    net = network()
    y, traces = neuro.record(
        net, X, {"hidden": ("spikes", "v", "wait", "input"), "out": "v", "fc": ("input", "output")}
    )
    expected, _ = net(X)
    assert torch.equal(y, expected)
    h, _ = net.delay(X)
    assert torch.equal(traces["hidden"]["input"], h)
    state = None
    for t, h_t in enumerate(h):
        s, state = net.hidden.step(h_t, state)
        assert torch.equal(traces["hidden"]["spikes"][t], s)
        assert torch.equal(traces["hidden"]["v"][t], state.v)
        assert torch.equal(traces["hidden"]["wait"][t], state.wait)
    torch.testing.assert_close(traces["out"]["v"], y)
    assert traces["fc"]["input"].shape == (12, 3, 8)
    torch.testing.assert_close(net.fc(traces["fc"]["input"]), traces["fc"]["output"])


def test_layers_inside_a_loop_are_recorded():
    net = network()
    _, traces = neuro.record(
        net,
        X,
        {
            "loop": ("output", "recent"),
            "loop.body": ("spikes", "v", "input"),
            "loop.feedback.inner": ("output",),
        },
    )
    spikes = traces["loop"]["output"]
    assert spikes.any() and torch.equal(traces["loop.body"]["spikes"], spikes)
    assert traces["loop"]["recent"].shape == (12, 2, 3, 8)
    assert torch.equal(traces["loop"]["recent"][5], spikes[4:6])
    replay = net.loop.body(traces["loop.body"]["input"])[1].v
    torch.testing.assert_close(traces["loop.body"]["v"][-1], replay)
    assert traces["loop.feedback.inner"]["output"].shape == (12, 3, 8)


def test_recording_goes_on_from_a_state():
    net = network()
    _, whole = neuro.record(net, X, {"hidden": ("v",), "loop.body": ("v",)})
    _, state = net(X[:5])
    _, rest = neuro.record(net, X[5:], {"hidden": ("v",), "loop.body": ("v",)}, state=state)
    for path in whole:
        torch.testing.assert_close(rest[path]["v"], whole[path]["v"][5:])


def test_recording_leaves_no_hook_behind():
    net = network()
    neuro.record(net, X, {"hidden": ("v",)})
    with pytest.raises(ValueError):
        neuro.record(net, X[..., :2], {"hidden": ("v",)})
    assert not any(m._forward_hooks for m in net.modules())


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"hiden": ("v",)}, "no layer at 'hiden'; layers: delay, hidden, loop, loop.body"),
        ({"hidden": ("u",)}, "hidden has no trace 'u'; it has spikes, input, v, wait"),
        ({"fc": ("v",)}, "fc has no state; it has the traces output and input"),
        ({"": ("v",)}, "no layer at ''"),
        ({"fc": ("spikes",)}, 'fc \\(Linear\\) fires no spikes: write "output"'),
    ],
)
def test_unknown_traces_are_refused_by_name(wanted, message):
    with pytest.raises(ValueError, match=message) as caught:
        neuro.record(network(), X, wanted)
    assert "\n" not in str(caught.value)


def test_recording_without_traces_shows_how():
    with pytest.raises(TypeError, match=r'record\(net, x, \{"hidden": \("spikes", "v"\)\}\)'):
        neuro.record(network(), X)
