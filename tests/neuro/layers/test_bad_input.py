"""Bad input gets one clear line: what was expected, what came, what to write instead."""

import math

import pytest
import torch
from helpers.neuro import Adaptive, Forward
from torch import nn

from axonal import neuro

X = torch.zeros(5, 2, 3)


def refused(call, *parts, error=ValueError):
    """Require one line that holds every part."""
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400, message
    for part in parts:
        assert part in message, message


def network(**settings):
    return neuro.Sequential(
        {
            "delay": neuro.DelayedLinear(3, 4, 2),
            "lif": neuro.LIF(4, **settings),
            "loop": neuro.Recurrent(neuro.LIF(4), neuro.Linear(4, 4)),
        }
    )


def test_time_on_the_last_axis():
    refused(
        lambda: neuro.LIF(3)(torch.zeros(2, 3, 7)),
        "LIF expects x [T, B, N] with N = 3, got (2, 3, 7)",
        "is the last axis time? Time comes first: x.permute(2, 0, 1)",
    )
    refused(lambda: neuro.Linear(3, 2)(torch.zeros(3, 2, 7)), "x.permute(2, 1, 0)")
    assert neuro.LIF(3)(torch.zeros(2, 3, 7).permute(2, 0, 1))[0].shape == (7, 2, 3)


@pytest.mark.parametrize("delay", [2, 5])
def test_batch_first_against_a_state(delay):
    # a history as long as the sequence must not be taken for a batch
    for layer in (neuro.LIF(3), neuro.DelayedLinear(3, 3, delay), neuro.LeakyIntegrator(3)):
        _, state = layer(X)
        refused(
            lambda layer=layer, state=state: layer(X.transpose(0, 1), state),
            f"{type(layer).__name__} got x (2, 5, 3)",
            "is x batch-first? Use x.transpose(0, 1)",
        )
        refused(
            lambda layer=layer, state=state: layer(torch.zeros(5, 4, 3), state),
            "batch B = 4",
            "pass state=None to start from rest, or the state that belongs to this batch",
        )


@pytest.mark.parametrize(
    ("layer", "x", "parts"),
    [
        (neuro.LIF(4), X, ["LIF expects x [T, B, N] with N = 4, got (5, 2, 3)."]),
        (neuro.LIF(3), X[0], ["the time axis is missing", "layer.step(x)", "x.unsqueeze(0)"]),
        (neuro.LIF(3), X[None], ["got (1, 5, 2, 3), which has 4 axes"]),
        (neuro.LIF((2, 4, 4)), X, ["x [T, B, C, H, W] with C x H x W = 2 x 4 x 4, got (5, 2, 3)"]),
        (
            neuro.LIF((2, 4, 6)),
            torch.zeros(5, 2, 4, 6, 2),
            ["Are the channels last? Use x.permute(0, 1, 4, 2, 3)"],
        ),
        (neuro.LIF(3), X[:0], ["got (0, 2, 3): T = 0, there is no step to run"]),
        (neuro.LIF(3), X.long(), ["LIF expects floating-point x, got torch.int64", "x.float()"]),
        (neuro.LIF(3), X.bool(), ["got torch.bool: write x.float()"]),
        (neuro.LIF(3), X.double(), ["LIF holds float32, got x of float64", "x.to(torch.float32)"]),
        (neuro.LIF(3), X.numpy(), ["LIF expects x [T, B, N]", "got ndarray"]),
        (neuro.LIF(3), (X, None), ["A layer returns (output, state): write y, state = layer(x)"]),
        (neuro.CuBaLIF(4), X, ["CuBaLIF expects x [T, B, N] with N = 4, got (5, 2, 3)."]),
        (neuro.ALIF(3), X[0], ["ALIF", "the time axis is missing"]),
        (neuro.GradedLIF(3), X.double(), ["GradedLIF holds float32, got x of float64"]),
        (neuro.ResonateAndFire(3), X + math.nan, ["ResonateAndFire: NaN in the potential"]),
        (neuro.LIF(3), X + math.nan, ["LIF: NaN in the potential", "the weights"]),
        (neuro.LeakyIntegrator(3), X + math.inf, ["LeakyIntegrator: infinity in the potential"]),
        (neuro.DelayedLinear(4, 2, 3), X, ["DelayedLinear expects x [T, B, N] with N = 4"]),
        (neuro.DelayedLinear(3, 2, 3), X.int(), ["floating-point x, got torch.int32"]),
        (neuro.Linear(4, 2), X, ["Linear expects x [T, B, N] with N = 4, got (5, 2, 3)"]),
        (neuro.Conv2d(2, 4, 3), X, ["Conv2d expects x [T, B, C, H, W] with C = 2, got (5, 2, 3)"]),
        (neuro.BatchNorm(4), X, ["BatchNorm expects x [T, B, C, ...] with C = 4, got (5, 2, 3)"]),
        (neuro.Lift(nn.Flatten()), X[0, 0], ["Lift expects x [T, B, ...], got (3,)"]),
        (
            neuro.Lift(nn.Flatten(0)),
            X,
            ["Flatten must keep every sample apart: it made (30,) of the 10 samples (10, 3)"],
        ),
        (Adaptive(), X[:0], ["Adaptive expects x [T, B, ...] with T >= 1, got (0, 2, 3)"]),
        (Adaptive(), X.long(), ["Adaptive expects floating-point x"]),
        (Adaptive(), X + math.nan, ["Adaptive: NaN in the state"]),
        (
            neuro.Recurrent(neuro.LIF(3), neuro.Linear(3, 3)),
            X[:0],
            ["Recurrent expects x [T, B, ...] with T >= 1"],
        ),
    ],
)
def test_input_of_the_wrong_kind(layer, x, parts):
    refused(lambda: layer(x), *parts)


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: neuro.LIF(3, -2.0), ["LIF expects tau > 0, got tau = -2"]),
        (lambda: neuro.LIF(3, 0), ["LIF expects tau > 0, got tau = 0"]),
        (lambda: neuro.LIF(3, math.nan), ["LIF expects tau > 0, got tau = nan"]),
        (lambda: neuro.LIF(3, [1.0, 2.0]), ["tau as a scalar or of shape (3,), got (2,)"]),
        (
            lambda: neuro.LIF(3, 0.5, decay="euler"),
            ['decay="euler" expects tau >= 1 step', "got 0.5", 'Use decay="exp"'],
        ),
        (lambda: neuro.LeakyIntegrator(3, -1.0), ["LeakyIntegrator expects tau > 0"]),
        (lambda: neuro.LIF(3, learn="v"), ["LIF can learn tau, threshold; got v"]),
        (lambda: neuro.LeakyIntegrator(3, learn="threshold"), ["LeakyIntegrator can learn tau"]),
        (lambda: neuro.IF(3, learn="tau"), ["IF can learn threshold; got tau"]),
        (lambda: neuro.IF(3, threshold=0.0), ["IF expects threshold > 0, got threshold = 0"]),
        (lambda: neuro.PLIF(3, 0.5), ['PLIF with decay="euler" expects tau >= 1 step']),
        (lambda: neuro.PLIF(3, 1.0), ["PLIF cannot learn from a decay of exactly 0 or 1"]),
        (
            lambda: neuro.CuBaLIF(3, 5.0, -1.0),
            ["CuBaLIF expects tau_synapse > 0, got tau_synapse = -1"],
        ),
        (
            lambda: neuro.CuBaLIF(3, 5.0, 0.5, decay="euler"),
            ['CuBaLIF with decay="euler" expects tau_synapse >= 1 step', "got 0.5"],
        ),
        (lambda: neuro.CuBaLIF(3, backend="gpu"), ["CuBaLIF knows the backends auto"]),
        (
            lambda: neuro.GradedLIF(3, backend="cpu"),
            ["GradedLIF knows the backends auto, reference; got 'cpu'"],
        ),
        (lambda: neuro.KLIF(3, k=-1.0), ["KLIF expects k > 0, got k = -1"]),
        (lambda: neuro.KLIF(3, k=math.inf), ["KLIF expects a finite k"]),
        (lambda: neuro.LSNN(3, beta=[1.0, 0.0, 1.0]), ["LSNN expects beta > 0, got beta = 0"]),
        (lambda: neuro.LSNN(3, tau_adaptation=0.0), ["LSNN expects tau_adaptation > 0"]),
        (lambda: neuro.AdEx(3, slope=0.0), ["AdEx expects slope > 0, got slope = 0"]),
        (lambda: neuro.AdEx(3, jump=math.nan), ["AdEx expects a finite jump"]),
        (lambda: neuro.AdEx(3, v_reset=1.0), ["AdEx expects v_reset below the threshold of 1"]),
        (lambda: neuro.AdEx(3, slope=1e-3, onset=0.5), ["infinite in float32", "a larger slope"]),
        (lambda: neuro.ALIF(3, beta=0.0), ["ALIF expects beta > 0, got beta = 0"]),
        (lambda: neuro.ALIF(3, beta=math.inf), ["ALIF expects a finite beta"]),
        (lambda: neuro.ALIF(3, learn="beta"), ["ALIF can learn tau, tau_adaptation, threshold"]),
        (
            lambda: neuro.GradedLIF(3, reset="hard"),
            ['GradedLIF expects reset "zero" or "subtract"'],
        ),
        (
            lambda: neuro.ResonateAndFire(3, reset="subtract"),
            ['ResonateAndFire expects reset "threshold" or "zero"', "subtract"],
        ),
        (
            lambda: neuro.ResonateAndFire(3, period=2.0),
            ["ResonateAndFire expects a finite period > 2 steps", "got 2 to 2"],
        ),
        (
            lambda: neuro.LIF(3, 1.0, decay="euler", learn="tau"),
            ["cannot learn from a decay of exactly 0 or 1: choose a finite tau > 1"],
        ),
        (lambda: neuro.LIF(3, threshold=0), ["LIF expects threshold > 0, got threshold = 0"]),
        (lambda: neuro.LIF(3, threshold=math.inf), ["finite threshold", "LeakyIntegrator"]),
        (lambda: neuro.LIF(3, decay="linear"), ['expects decay "exp" or "euler", got \'linear\'']),
        (lambda: neuro.LIF(3, reset="soft"), ['"subtract" or "delayed" or "none", got \'soft\'']),
        (lambda: neuro.LIF(3, refractory=-1), ["refractory as a whole number >= 0, got -1"]),
        (lambda: neuro.LIF(3, refractory=1.5), ["refractory as a whole number >= 0, got 1.5"]),
        (lambda: neuro.LIF(0), ["LIF expects size as a positive int, or (C, H, W), got 0"]),
        (lambda: neuro.LIF(3, backend="gpu"), ["LIF knows the backends auto, reference, cpu"]),
        (lambda: neuro.ATan(0), ["ATan expects alpha > 0, got 0"]),
        (lambda: neuro.DelayedLinear(2, 1, -1), ["max_delay as a whole number >= 0, got -1"]),
        (lambda: neuro.DelayedLinear(2, 1, 2.5), ["max_delay as a whole number >= 0, got 2.5"]),
        (
            lambda: neuro.DelayedLinear(2, 1, 3, delay=[[1.0, 3.5]]),
            ["delays from 0 to max_delay = 3 steps, got 3.5", "make the layer with max_delay=4"],
        ),
        (
            lambda: neuro.DelayedLinear(2, 1, 3, delay=[[1.0, -1.0]]),
            ["got -1", "a synapse cannot see the future"],
        ),
        (lambda: neuro.DelayedLinear(2, 1, 3, delay=[[math.nan, 1.0]]), ["got nan"]),
        (
            lambda: neuro.DelayedLinear(2, 1, 3, delay=[1.0, 2.0]),
            ["delays of shape (1, 2) (outputs first), got (2,)"],
        ),
        (
            lambda: neuro.DelayedLinear(2, 1, 3, kernel="box"),
            ["kernels gaussian, triangle, two-tap, one-tap, straight-through"],
        ),
        (lambda: neuro.DelayedLinear(2, 1, 3, sigma=0), ["sigma > 0 steps, got 0"]),
        (lambda: neuro.DelayedLinear(2, 1, 3, mask=[[1, 2]]), ["a mask of 0 and 1 only"]),
        (
            lambda: neuro.Linear(2, 1, mask=[[1], [0]]),
            ["mask of the weight's shape (1, 2) (outputs first), got (2, 1)"],
        ),
        (lambda: neuro.Dropout(1.5), ["Dropout expects p from 0 to 1, got 1.5"]),
        (
            lambda: neuro.Recurrent(neuro.LIF(3), neuro.Linear(3, 3), delay=0),
            ["Recurrent expects delay >= 1 whole step", "got 0"],
        ),
        (
            lambda: neuro.Recurrent(neuro.LIF((2, 4, 4)), neuro.Conv2d(2, 2, 1)),
            ["cannot tell the shape of the body's output", "size=(C, H, W)"],
        ),
        (lambda: neuro.param_groups(nn.Linear(2, 2), lr=-1.0), ["expects lr >= 0, got -1.0"]),
        (lambda: neuro.SigmaSchedule(nn.Linear(2, 2), 0), ["epochs >= 1", "got 0"]),
        (lambda: neuro.Sequential(), ["Sequential expects at least one layer"]),
        (lambda: neuro.Streamer(neuro.LIF(3)), ["evaluation mode: call net.eval() first"]),
    ],
)
def test_settings_out_of_range(make, parts):
    refused(make, *parts)


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: neuro.LIF(3, surrogate=neuro.ATan), ["an instance such as ATan(alpha=2)"]),
        (lambda: neuro.Surrogate(), ["Surrogate is abstract: use one of atan, sigmoid"]),
        (lambda: neuro.Network(lambda x: x), ["Network expects a torch module, got function"]),
        (lambda: neuro.Sequential(neuro.LIF(3), 4), ["expects modules, got int at '1'"]),
        (lambda: neuro.Streamer(nn.Linear(2, 2)), ["got Linear", "neuro.Network first"]),
    ],
)
def test_arguments_of_the_wrong_type(make, parts):
    refused(make, *parts, error=TypeError)


def test_frozen_delays_have_no_width():
    layer = neuro.DelayedLinear(2, 1, 3)
    layer.freeze_delays()
    refused(lambda: layer.set_sigma(1.0), "these delays are frozen")


def test_states_that_do_not_belong():
    lif, refractory = neuro.LIF(3), neuro.LIF(3, refractory=2)
    _, state = lif(X)
    refused(lambda: neuro.LeakyIntegrator(3)(X, state), "type LeakyIntegratorState, got LIFState")
    refused(lambda: lif(X, state.v), "expects a state of type LIFState, got Tensor")
    refused(lambda: refractory(X, state), "the state of a layer with other settings")
    refused(lambda: neuro.LIF(4)(torch.zeros(5, 2, 4), state), "(2, 3) where (2, 4) is needed")
    other = neuro.LIFState(state.v.double(), None)
    refused(lambda: lif(X, other), "a state of float64 where float32 is needed")
    net = network()
    refused(
        lambda: net(X, neuro.Sequential(neuro.LIF(3))(X)[1]),
        "Sequential expects the state it returned, with the layers delay, lif, loop; got 0.",
    )
    refused(lambda: net(X, state), "with the layers delay, lif, loop; got LIFState")
    _, of_two = net(X)
    refused(lambda: net(X[:, :1], of_two), "delay: DelayedLinear got x (5, 1, 3), batch B = 1")
    cells = neuro.Recurrent(Adaptive(), neuro.Linear(3, 3))
    _, loop_state = cells(X)
    refused(lambda: cells(X[:, :1], loop_state), "Recurrent got x (5, 1, 3), batch B = 1")
    refused(lambda: cells(X, loop_state.recent[:0]), "Recurrent")


def test_networks_check_their_inputs_first():
    net = network()
    refused(lambda: net(X + math.nan), "NaN in the input x")
    refused(lambda: net(X - math.inf), "infinity in the input x")
    refused(
        lambda: net(X.long()), "Sequential expects floating-point x, got torch.int64: write x.f"
    )
    refused(lambda: net(X[:0]), "T = 0, there is no step to run")
    refused(lambda: net(X.tolist()), "Sequential expects x [T, B, ...], got list")
    refused(lambda: net(X, X, X), "takes 1 input(s) (x) and a state, got 3 argument(s)")
    refused(lambda: net(), "got 0 argument(s)")
    refused(lambda: net.step(X[0].numpy()), "step expects one step", "got ndarray")
    refused(lambda: neuro.LIF(3).step([0.5]), "LIF.step expects one step", "torch.as_tensor(x)")


def test_inputs_of_unequal_length():
    class Two(nn.Module):
        def forward(self, left, right):
            return left + right

    net = neuro.Network(Two())
    refused(
        lambda: net(X, X[:4]), "Two expects inputs of equal T and B, got (5, 2) and (4, 2) (right)"
    )


def test_errors_name_the_layer_by_its_path():
    net = network()
    refused(lambda: net(X[..., :2]), "delay: DelayedLinear expects x [T, B, N] with N = 3")
    refused(lambda: net(X.double()), "delay: DelayedLinear holds float32, got x of float64")
    nested = neuro.Sequential({"first": neuro.Linear(3, 3), "block": network(threshold=0.5)})
    nn.init.constant_(nested.block.delay.weight, math.nan)
    refused(lambda: nested(X), "block.lif: LIF: NaN in the potential")


def test_errors_inside_a_loop_name_the_whole_path():
    def loop(body, feedback, **kwargs):
        return neuro.Sequential({"loop": neuro.Recurrent(body, feedback, **kwargs)})

    deep = neuro.Sequential({"fc": neuro.Linear(3, 6), "lif": neuro.LIF(5)})
    refused(
        lambda: loop(deep, neuro.Linear(5, 3))(X),
        "loop.body.lif: LIF expects x [T, B, N] with N = 5, got (1, 2, 6).",
    )
    refused(lambda: loop(neuro.LIF(5), neuro.Linear(3, 3))(X), "loop.body: LIF expects")
    refused(
        lambda: loop(neuro.LIF(3), neuro.Linear(3, 4))(X),
        "loop: Recurrent: the feedback gives (4,) values per sample, the body's input has (3,).",
    )
    refused(
        lambda: loop(neuro.LIF(3), neuro.Linear(4, 3))(X),
        "loop: Recurrent: the body returns (3,) values per sample, the feedback takes (4,).",
    )


def test_forward_must_name_its_inputs():
    class Starred(nn.Module):
        def forward(self, *inputs):
            return inputs[0]

    refused(lambda: neuro.Network(Starred()), "Starred.forward must name its inputs", "*inputs")


def test_modules_that_are_networks_or_layers_already():
    refused(lambda: neuro.Network(network()), "Sequential is a Network already: use it as it is.")
    for layer in (neuro.LIF(3), neuro.Linear(3, 3), nn.Linear(3, 3)):
        refused(lambda layer=layer: neuro.Network(layer), "one layer", "neuro.Sequential(layer)")


def test_names_that_a_network_needs_for_itself():
    module = Forward(lambda self, x: self.traced(x), traced=neuro.LIF(3))
    refused(lambda: neuro.Network(module), "the names traced are taken by Network itself")


def test_reshaping_that_moves_time_is_refused_when_it_happens():
    net = neuro.Network(Forward(lambda self, x: self.lif(x.flatten(1)), lif=neuro.LIF(6)))
    refused(lambda: net(X), "the result has shape (5, 6)", "x.flatten(2)", "T, B = (5, 2)")
    dropped = neuro.Network(Forward(lambda self, x: x.squeeze(), lif=neuro.LIF(6)))
    refused(lambda: dropped(X[:1]), "the result has shape (2, 3)")


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: neuro.LIF(3.0), "LIF expects size as a positive int, or (C, H, W), got 3.0"),
        (lambda: neuro.LIF(True), "LIF expects size as a positive int"),
        (lambda: neuro.LIF("3"), "LIF expects size as a positive int"),
        (lambda: neuro.LIF(3, "a"), "LIF expects tau as a number, or one per neuron, got 'a'"),
        (lambda: neuro.LIF(3, learn=True), 'LIF expects learn as names, such as learn="tau"'),
        (lambda: neuro.LIF(3, learn=(1,)), "LIF can learn tau, threshold; got 1"),
    ],
)
def test_arguments_of_a_wrong_type(make, part):
    refused(make, part)


@pytest.mark.parametrize("shape", [(6, 1, 4), (3, 4), (1, 3, 1)])
def test_a_parameter_that_differs_between_steps_or_samples(shape):
    scale = nn.Parameter(torch.ones(shape))
    net = network_of(lambda self, x: self.lif(x * self.scale), scale)
    refused(lambda: net(torch.zeros(6, 3, 4)), "would differ between steps or samples")


def test_a_parameter_of_one_step_may_have_axes_of_one():
    net = network_of(lambda self, x: self.lif(x * self.scale), nn.Parameter(torch.ones(1, 1, 4)))
    assert net(torch.zeros(6, 3, 4))[0].shape == (6, 3, 4)


def network_of(call, scale):
    module = Forward(call, lif=neuro.LIF(4))
    module.scale = scale
    return neuro.Network(module)


def test_a_module_that_reaches_the_batch_axis_from_behind():
    net = neuro.Sequential(nn.Softmax(dim=-2))
    refused(lambda: net(torch.rand(5, 2, 3)), "Softmax(dim=-2) works over steps and samples here")


@pytest.mark.parametrize("shape", [(5, 2), (5, 2, 3)])
def test_an_index_that_reaches_the_batch_axis_from_behind(shape):
    index = (..., [1, 0]) if len(shape) == 2 else (..., [1, 0], slice(None))
    net = neuro.Network(Forward(lambda self, x: self.act(x[index]), act=nn.ReLU()))
    refused(lambda: net(torch.rand(shape)), "from behind picks time steps or samples of x")
    assert net(torch.rand(5, 2, 2, 3, 4))[0].shape[:2] == (5, 2)
