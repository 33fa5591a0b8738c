"""Settings of layers: what is refused in the precision in use, what is shown, what is a size."""

import math

import numpy as np
import pytest
import torch

from axonal import deploy, neuro
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.recurrent_lif import recurrent_lif


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: neuro.LIF(3, 1e8, learn="tau"), "tau = 1e+08"),
        (lambda: neuro.LIF(3, 1e8), "math.inf"),
        (lambda: neuro.LeakyIntegrator(3, 1e9, decay="euler"), "float32"),
        (lambda: neuro.PLIF(3, 1e8), "float32"),
        (lambda: neuro.ALIF(3, tau_adaptation=1e8), "tau_adaptation"),
        (lambda: neuro.ALIF(3, tau_adaptation=1e8, learn="tau_adaptation"), "tau_adaptation"),
        (lambda: neuro.CuBaLIF(3, tau_synapse=[2.0, 3.0, 1e8]), "tau_synapse"),
        (lambda: neuro.GradedLIF(3, 1e9, learn="tau"), "float32"),
        (lambda: neuro.LIF(3, 5e-3, learn="tau"), "decay of exactly 0 or 1"),
        (lambda: neuro.ResonateAndFire(3, period=2 + 1e-9, learn="period"), "period"),
        (lambda: neuro.ResonateAndFire(3, period=1e60), "period"),
        (lambda: neuro.LIF(3, threshold=1e-50), "finite threshold > 0"),
        (lambda: neuro.LIF(3, threshold=1e50), "finite threshold > 0"),
        (lambda: neuro.ALIF(3, beta=1e-60), "finite beta > 0"),
    ],
)
def test_a_factor_that_single_precision_does_not_hold_is_refused(make, part):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as caught:
        make()
    assert part in str(caught.value)


def test_what_double_precision_holds_is_refused_when_it_is_converted():
    torch.set_default_dtype(torch.float64)
    try:
        layers = [
            neuro.LIF(3, 1e8), neuro.LIF(3, 1e8, learn="tau"), neuro.LIF(3, threshold=1e-50),
            neuro.CuBaLIF(3, tau_synapse=1e8), neuro.ALIF(3, beta=1e60),
            neuro.ResonateAndFire(3, period=2 + 1e-9, learn="period"),
            neuro.LIF(3, threshold=1e-50, learn="threshold"),
        ]  # fmt: skip
        fine = neuro.LIF(3, math.inf, learn="threshold")
    finally:
        torch.set_default_dtype(torch.float32)
    for layer in layers:
        before = {k: v.clone() for k, v in layer.state_dict().items()}
        for convert in (layer.float, lambda m=layer: m.to(torch.float32), layer.half):
            with pytest.raises(ValueError, match="where it means something else"):
                convert()
        assert all(torch.equal(before[k], v) for k, v in layer.state_dict().items())
        layer.double()
    assert fine.float().decay == 1 and fine.half().decay == 1
    with pytest.raises(RuntimeError, match="decay_factor = 1 becomes 1 in float32"):
        neuro.LIF(3, 2.0).load_state_dict(layers[0].state_dict())
    with pytest.raises(ValueError, match="becomes 1 in bfloat16"):
        neuro.Sequential(neuro.Linear(3, 3), neuro.LIF(3, 1000.0)).bfloat16()
    neuro.LIF(3, 1000.0).to("meta").to_empty(device="cpu")


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("given", [math.inf, -math.inf])
def test_an_infinity_ends_alike_on_every_path(reset, given):
    x = torch.full((6, 1, 3), 0.2)
    x[2, 0, 1] = given
    for layer in (
        *(neuro.LIF(3, reset=reset, backend=b) for b in ("auto", "reference", "cpu")),
        neuro.IF(3, reset=reset), neuro.CuBaLIF(3, reset=reset), neuro.ALIF(3, reset=reset),
        neuro.Recurrent(neuro.LIF(3, reset=reset), neuro.Linear(3, 3)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"(NaN|infinity) in the potential"):
            layer(x)
        with pytest.raises(ValueError, match=r"(NaN|infinity) in the potential"):
            state = None
            for x_t in x:
                _, state = layer.step(x_t, state)


def test_the_operators_make_the_same_of_infinities():
    x, half = torch.zeros(5, 1, 4), torch.tensor(0.5)
    x[1, 0] = torch.tensor([math.inf, -math.inf, 1.0, math.nan])
    rest, weight = torch.zeros(1, 4), torch.zeros(4, 4)
    for reset in ("zero", "subtract"):
        for run in (
            lambda b, r=reset: lif(x, rest, None, half, half, Convention(reset=r), backend=b),
            lambda b, r=reset: recurrent_lif(
                x, rest, rest, None, weight, None, half, half, Convention(reset=r), backend=b
            ),
        ):
            for mine, exact in zip(run("cpu")[:2], run("reference")[:2], strict=True):
                torch.testing.assert_close(mine, exact, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    ("layer", "shown"),
    [
        (neuro.LIF(4, reset="subtract", refractory=2), ['reset="subtract"', "refractory=2"]),
        (neuro.LIF(4, threshold=0.5, learn="tau"), ["threshold=0.5", "learn=('tau',)"]),
        (neuro.LIF(4, surrogate=neuro.Sigmoid(3.0)), ["surrogate=Sigmoid(alpha=3.0)"]),
        (neuro.LIF(4, detach_reset=False, recompute=True), ["detach_reset=False", "recompute=Tr"]),
        (neuro.LIF(4, decay_input=True, backend="cpu"), ["decay_input=True", 'backend="cpu"']),
        (neuro.PLIF(4, decay_input=False, learn="threshold"), ["decay_input=False", "threshold'"]),
        (neuro.IF(4, threshold=2, refractory=1), ["threshold=2", "refractory=1"]),
        (neuro.ALIF(4, reset="zero", beta=[1, 2, 3, 4]), ['reset="zero"', "beta=1 to 4"]),
        (neuro.CuBaLIF(4, backend="reference"), ['backend="reference"', "tau_synapse=5"]),
        (neuro.GradedLIF(4, reset="subtract"), ['reset="subtract"']),
        (neuro.ResonateAndFire(4, reset="zero"), ['reset="zero"']),
        (neuro.LeakyIntegrator(4, decay_input=True), ["decay_input=True"]),
        (neuro.DelayedLinear(2, 3, 6, sigma=1.5, bias=True), ["sigma=1.5", "bias=True"]),
        (neuro.DelayedLinear(2, 3, 6, backend="cpu"), ['backend="cpu"']),
        (neuro.Linear(2, 3, mask=[[1, 0], [0, 0], [0, 0]]), ["synapses=1"]),
        (neuro.Conv2d(1, 1, 2, mask=torch.eye(2).reshape(1, 1, 2, 2)), ["synapses=2"]),
        (neuro.Recurrent(neuro.LIF(4), neuro.Linear(4, 4), 3), ["delay=3"]),
    ],
)
def test_every_setting_that_is_not_the_default_is_shown(layer, shown):
    for part in shown:
        assert part in repr(layer)


def test_nothing_else_is_shown():
    assert repr(neuro.LIF(4)) == 'LIF(4, tau=2, decay="exp")'
    assert repr(neuro.ResonateAndFire(4)) == (
        'ResonateAndFire(4, tau=20, decay="exp", period=10)'
    )  # fmt: skip
    assert repr(neuro.DelayedLinear(2, 3, 6)) == (
        'DelayedLinear(2, 3, max_delay=6, kernel="gaussian")'
    )  # fmt: skip


def test_plif_learns_its_threshold_by_the_name_that_all_use():
    plif = neuro.PLIF(3, learn="threshold")
    old = {"decay_logit": torch.zeros(3), "log_threshold": torch.zeros(3)}
    assert plif.learn == ("tau", "threshold") and set(plif.state_dict()) == set(old)
    plif.load_state_dict(old)
    assert neuro.PLIF(3, learn=("tau", "threshold")).learn == ("tau", "threshold")
    with pytest.raises(TypeError, match='write learn="threshold" in place of learn_threshold'):
        neuro.PLIF(3, learn_threshold=True)
    with pytest.raises(TypeError, match="PLIF has no argument 'thresold'"):
        neuro.PLIF(3, thresold=1.0)


def test_whole_numbers_of_numpy_are_sizes():
    torch.manual_seed(0)
    n, two = np.int64(3), np.int32(2)
    for make in (
        neuro.LIF, neuro.IF, neuro.PLIF, neuro.ALIF, neuro.CuBaLIF, neuro.GradedLIF,
        neuro.ResonateAndFire, neuro.LeakyIntegrator,
    ):  # fmt: skip
        assert make(n).size == (3,) and type(make((two, n, n)).size[0]) is int
    assert type(neuro.LIF(n, refractory=two).refractory) is int
    loop = neuro.Recurrent(neuro.LIF(n), neuro.Linear(n, n), np.int64(2), size=n)
    delayed = neuro.DelayedLinear(n, n, two)
    assert loop.size == (3,) and type(loop.delay) is int and type(delayed.max_delay) is int
    net = neuro.Sequential(neuro.Linear(n, n), delayed, loop)
    for shape in (n, (n,), [3]):
        given = deploy.export(net, 1e-3, input_shape=shape).populations[0]
        assert given.shape == (3,) and type(given.shape[0]) is int
    neuro.Conv2d(np.int64(1), two, 3), neuro.BatchNorm(n)
    neuro.DelaySNN(n, [two], n, max_delay=np.int64(2), tau=2.0, count=two)
    for wrong in (True, 3.0, 0, "3", np.float64(3)):
        for call in (
            neuro.LIF,
            lambda k: neuro.Linear(k, 2),
            lambda k: neuro.DelayedLinear(2, k, 1),
        ):
            with pytest.raises(ValueError, match="expects"):
                call(wrong)


def test_the_hint_about_a_state_names_the_network():
    with pytest.raises(ValueError, match=r"write y, state = layer\(x\), .* neuro\.Network"):
        neuro.LIF(3)(neuro.LIF(3)(torch.zeros(2, 1, 3)))
