"""Operators given wrong shapes and values: the compiled loops must not read or write beside them.

What fits only by broadcasting is refused or treated as the definition does, never half of it.
"""

import pytest
import torch

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.delayed_linear import delayed_linear
from axonal.neuro.ops.leaky_integrator import leaky_integrator
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.recurrent_lif import recurrent_lif
from axonal.neuro.ops.spike_linear import spike_linear

pytest.importorskip("numba")

HALF, ONE = torch.tensor(0.5), torch.tensor(1.0)
X = torch.ones(5, 3, 4)
REST = torch.zeros(3, 4)
LEFT = REST.int()


@pytest.mark.parametrize("shape", [(1, 4), (4,), (3, 1), (6, 4), (3, 5)])
def test_a_potential_of_another_shape_is_refused(shape):
    v = torch.zeros(shape)
    with pytest.raises(ValueError, match=r"lif expects v \(3, 4\)"):
        lif(X, v, None, HALF, ONE, backend="cpu")
    with pytest.raises(ValueError, match=r"leaky_integrator expects v \(3, 4\)"):
        leaky_integrator(X, v, HALF, decay_input=False, backend="cpu")
    with pytest.raises(ValueError, match=r"recurrent_lif expects v \(3, 4\)"):
        recurrent_lif(X, REST, v, None, torch.eye(4), None, HALF, ONE, backend="cpu")


@pytest.mark.parametrize("wait", [None, torch.zeros(1, 4).int(), torch.zeros(6, 4).int()])
def test_refractory_steps_of_another_shape_are_refused(wait):
    with pytest.raises(ValueError, match=r"lif expects wait"):
        lif(X, REST, wait, HALF, ONE, Convention(refractory=2), backend="cpu")
    with pytest.raises(ValueError, match="recurrent_lif expects wait"):
        recurrent_lif(
            X,
            REST,
            REST,
            wait,
            torch.eye(4),
            None,
            HALF,
            ONE,
            Convention(refractory=2),
            backend="cpu",
        )


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [("spikes", torch.zeros(1, 4)), ("weight", torch.zeros(5, 4)), ("weight", torch.zeros(4, 3)),
     ("bias", torch.zeros(3))],
)  # fmt: skip
def test_a_loop_of_another_size_is_refused(wrong, argument):
    given = {"spikes": REST, "v": REST, "wait": None, "weight": torch.eye(4), "bias": None}
    given |= {wrong: argument}
    with pytest.raises(ValueError, match=f"recurrent_lif expects {wrong}"):
        recurrent_lif(X, **given, decay=HALF, threshold=ONE, backend="cpu")


@pytest.mark.parametrize("learns", [False, True])
def test_parameters_of_channels_are_broadcast_over_images(learns):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(5, 2, 3, 2, 2, generator=generator, dtype=torch.float64) * 2
    rest = torch.zeros(2, 3, 2, 2, dtype=torch.float64)
    decay = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64).view(3, 1, 1)
    threshold = torch.tensor([0.6, 0.8, 1.0], dtype=torch.float64).view(3, 1, 1)

    def both(backend):
        leaves = [a.clone().requires_grad_() for a in (x, decay)]
        theta = threshold.clone().requires_grad_(learns)
        d = leaves[1] if learns else decay
        spikes, v, _ = lif(leaves[0], rest, None, d, theta, backend=backend)
        y = leaky_integrator(leaves[0], rest, d, decay_input=True, backend=backend)
        wanted = [*leaves, theta] if learns else leaves[:1]
        loss = spikes.sum() + v.square().sum() + y.square().sum()
        return [spikes, v, y, *torch.autograd.grad(loss, wanted)]

    torch.testing.assert_close(both("cpu"), both("reference"))


@pytest.mark.parametrize("decay", [torch.ones(3), torch.ones(0), torch.ones(3, 1)])
def test_parameters_that_fit_no_neuron_are_refused(decay):
    with pytest.raises((ValueError, RuntimeError)):
        lif(X, REST, None, decay, ONE, backend="cpu")
    with pytest.raises((ValueError, RuntimeError)):
        leaky_integrator(X, REST, decay, decay_input=False, backend="cpu")


@pytest.mark.parametrize("shape", [(7, 5), (7, 7), (6,)])
def test_weights_for_other_inputs_are_refused(shape):
    with pytest.raises(ValueError, match="spike_linear expects weight"):
        spike_linear(torch.eye(6), torch.zeros(shape), backend="cpu")


def connect(kernel="two-tap", rate=0.0, max_delay=3, sigma=0.5, **other):
    """Run 4 inputs to 5 outputs over 8 steps of 3 samples, with spikes or dense inputs."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(8, 3, 4, generator=generator, dtype=torch.float64)
    given = {
        "x": (x < rate).double(),
        "history": x.new_zeros(max_delay, 3, 4),
        "weight": x.new_ones(5, 4),
        "delay": x.new_ones(5, 4) * max_delay,
    } | other
    backend = given.pop("backend", "cpu")
    return delayed_linear(
        **given, sigma=sigma, kernel=kernel, max_delay=max_delay, backend=backend
    )[0]


@pytest.mark.parametrize("rate", [0.02, 1.0])
@pytest.mark.parametrize(
    ("wrong", "shape"),
    [("history", (5, 3, 4)), ("history", (1, 3, 4)), ("history", (3, 1, 4)),
     ("weight", (5, 5)), ("delay", (1, 4)), ("delay", (5, 5))],
)  # fmt: skip
def test_delayed_connections_of_another_shape_are_refused(wrong, shape, rate):
    with pytest.raises(ValueError, match=f"delayed_linear expects {wrong}"):
        connect(rate=rate, **{wrong: torch.zeros(shape, dtype=torch.float64)})


@pytest.mark.parametrize("rate", [0.02, 1.0])
@pytest.mark.parametrize("kernel", ["two-tap", "one-tap"])
@pytest.mark.parametrize("delay", [-0.6, -2.0, float("nan"), -float("inf")])
def test_delays_at_which_nothing_can_be_read_are_refused(delay, kernel, rate):
    wrong = torch.ones(5, 4, dtype=torch.float64)
    wrong[2, 3] = delay
    with pytest.raises(ValueError, match=r"delays from 0 to max_delay = 3 steps, got -?(\d|inf|n)"):
        connect(kernel, rate, delay=wrong)


def test_whole_delays_beyond_the_longest_are_refused():
    with pytest.raises(ValueError, match="from 0 to max_delay = 3 steps, got 4"):
        connect("one-tap", delay=torch.full((5, 4), 4.0, dtype=torch.float64))


@pytest.mark.parametrize("rate", [0.02, 1.0])
@pytest.mark.parametrize("delay", [-5.0, -0.3, 3.4, 99.0])
def test_a_gaussian_centred_outside_equals_the_definition(delay, rate):
    outside = torch.full((5, 4), delay, dtype=torch.float64)
    y, wanted = (
        connect("gaussian", rate, delay=outside, sigma=2.0, backend=backend)
        for backend in ("cpu", "reference")
    )
    torch.testing.assert_close(y, wanted)


@pytest.mark.parametrize("sigma", [1e3, 1e12, 1e30])
def test_a_gaussian_of_any_width_equals_the_definition(sigma):
    y, wanted = (
        connect("gaussian", 0.1, sigma=sigma, backend=backend) for backend in ("cpu", "reference")
    )
    torch.testing.assert_close(y, wanted)


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap"])
def test_without_a_longest_delay_every_delay_is_none(kernel):
    some = torch.full((5, 4), 0.7, dtype=torch.float64)
    y, wanted = (
        connect(kernel, 0.3, max_delay=0, delay=some, backend=backend)
        for backend in ("cpu", "reference")
    )
    torch.testing.assert_close(y, wanted)


@pytest.mark.parametrize("backend", ["auto", "cpu"])
@pytest.mark.parametrize("sigma", [0.0, -1.0, float("inf"), float("nan")])
def test_a_width_that_is_none_is_refused_in_one_line(sigma, backend):
    with pytest.raises(ValueError, match="expects sigma > 0 steps"):
        connect("gaussian", 0.1, sigma=sigma, backend=backend)


def test_the_gradient_of_a_width_is_computed_or_refused_but_not_lost():
    width = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)

    def gradient(backend):
        y = connect("gaussian", 0.3, max_delay=25, sigma=width, backend=backend)
        return torch.autograd.grad(y.square().sum(), width)

    torch.testing.assert_close(gradient("auto"), gradient("reference"))
    with pytest.raises(ValueError, match="no gradient of sigma"):
        gradient("cpu")


@pytest.mark.parametrize(("wait", "refractory"), [(None, 2), (torch.zeros(3, 4).int(), 0)])
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_refractory_steps_left_go_with_neurons_that_have_some(wait, refractory, backend):
    one = torch.tensor(1.0)
    with pytest.raises(ValueError, match=r"lif expects wait .* with refractory > 0 and None with"):
        lif(
            torch.zeros(5, 3, 4),
            torch.zeros(3, 4),
            wait,
            one * 0.5,
            one,
            Convention(refractory=refractory),
            backend=backend,
        )
