"""The delay kernels equal those of the published learnable-delay library, gradients included.

There a synapse has a position P and a width SIG: delay = 12 - P, sigma = |SIG| + 0.27, and the
kernel lies the other way round in time. Every connection sums two such synapses.
"""

import pytest
import torch
from helpers.neuro_fixtures import golden

from axonal import neuro
from axonal.neuro.ops.delayed_linear import delay_kernel, delayed_linear

MAX_DELAY = 24
WIDTHS = ("12.0", "5.0", "1.0", "0.23", "0.0")
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(scope="module")
def arrays():
    return golden("dcls/kernel_construct.npz")


def published(arrays):
    """Weights and delays of both synapses of a connection, [out, in, 2], with gradients."""
    weight = arrays["W"].clone().requires_grad_()
    delay = (MAX_DELAY / 2 - arrays["P"][0]).requires_grad_()
    return weight, delay


def summed(weight, delay, sigma, kernel):
    """Sum the kernels of both synapses, in the published order of taps."""
    kernels = [
        delay_kernel(w, d, sigma, kernel, MAX_DELAY)
        for w, d in zip(weight.unbind(-1), delay.unbind(-1), strict=True)
    ]
    return torch.stack(kernels).sum(0).flip(-1)


@pytest.mark.parametrize("width", WIDTHS)
def test_gaussian_kernels(arrays, width):
    weight, delay = published(arrays)
    kernel = summed(weight, delay, float(width) + 0.27, "gaussian")
    torch.testing.assert_close(kernel, arrays[f"K_gauss_sig{width}"], **CLOSE)


@pytest.mark.parametrize("width", WIDTHS)
def test_gradients_of_gaussian_kernels(arrays, width):
    weight, delay = published(arrays)
    kernel = summed(weight, delay, float(width) + 0.27, "gaussian")
    cotangent = torch.linspace(-1, 1, kernel.numel()).reshape(kernel.shape)
    (kernel * cotangent).sum().backward()
    torch.testing.assert_close(weight.grad, arrays[f"gW_gauss_sig{width}"], **CLOSE)
    # a later position is a shorter delay
    torch.testing.assert_close(-delay.grad, arrays[f"gP_gauss_sig{width}"][0], **CLOSE)
    assert delay.grad.abs().max() > 1e-3


@pytest.mark.parametrize("width", WIDTHS)
def test_triangles(arrays, width):
    weight, delay = published(arrays)
    kernel = summed(weight, delay, float(width) + 1, "triangle")
    torch.testing.assert_close(kernel, arrays[f"K_max_sig{width}"], **CLOSE)
    cotangent = torch.linspace(-1, 1, kernel.numel()).reshape(kernel.shape)
    (kernel * cotangent).sum().backward()
    torch.testing.assert_close(weight.grad, arrays[f"gW_max_sig{width}"], **CLOSE)
    torch.testing.assert_close(-delay.grad, arrays[f"gP_max_sig{width}"][0], **CLOSE)


def test_the_first_version_of_the_triangle_is_the_line_between_two_taps(arrays):
    kernel = summed(*published(arrays), 1.0, "two-tap")
    torch.testing.assert_close(kernel, arrays["K_v1"], **CLOSE)


def test_the_kernel_of_evaluation(arrays):
    weight, delay = published(arrays)
    kernel = summed(weight, delay, 0.5, "one-tap")
    torch.testing.assert_close(kernel, arrays["K_eval_rounded"], **CLOSE)


def test_a_kernel_of_five_taps():
    # P = 0.3 and SIG = 0.73: delay 1.7, sigma 1
    one = torch.ones(1, 1)
    kernel = delay_kernel(one, one * 1.7, 1.0, "gaussian", 4).flatten().flip(0)
    expected = torch.tensor([0.02868891, 0.17355777, 0.3862599, 0.31624287, 0.09525052])
    torch.testing.assert_close(kernel, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kernel", ["gaussian", "triangle", "two-tap", "one-tap"])
def test_a_kernel_sums_to_its_weight(arrays, kernel):
    weight, delay = (a.detach().double() for a in published(arrays))
    for sigma in (1.0, 1.5, 13.0) if kernel == "triangle" else (0.27, 0.5, 12.27):
        dense = summed(weight, delay, sigma, kernel)
        error = (dense.sum(-1) - weight.sum(-1)).abs()
        assert (error <= 5e-7 * weight.abs().sum(-1)).all()


def test_the_layer_correlates_as_the_published_one(arrays):
    weight, delay = (a.detach()[..., 0] for a in published(arrays))
    layer = neuro.DelayedLinear(3, 4, MAX_DELAY, sigma=1.27, delay=delay)
    with torch.no_grad():
        layer.weight.copy_(weight)
    x = torch.randn(40, 2, 3, generator=torch.Generator().manual_seed(0))
    kernel = delay_kernel(weight, delay, 1.27, "gaussian", MAX_DELAY).flip(-1)
    padded = torch.nn.functional.pad(x.permute(1, 2, 0), (MAX_DELAY, 0))
    expected = torch.nn.functional.conv1d(padded, kernel).permute(2, 0, 1)
    torch.testing.assert_close(layer(x)[0], expected, **CLOSE)


def test_two_layers_added_are_two_synapses_a_connection(arrays):
    # several delays a synapse: the published kernel sums over its last axis
    weight, delay = (a.detach() for a in published(arrays))
    layers = [neuro.DelayedLinear(3, 4, MAX_DELAY, sigma=1.27, delay=d) for d in delay.unbind(-1)]
    with torch.no_grad():
        for layer, w in zip(layers, weight.unbind(-1), strict=True):
            layer.weight.copy_(w)
    x = torch.randn(40, 2, 3, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(x.permute(1, 2, 0), (MAX_DELAY, 0))
    kernel = arrays["K_gauss_sig1.0"]
    expected = torch.nn.functional.conv1d(padded, kernel).permute(2, 0, 1)
    torch.testing.assert_close(sum(layer(x)[0] for layer in layers), expected, **CLOSE)


def test_the_width_after_each_epoch_of_the_published_schedule():
    layer = neuro.DelayedLinear(2, 2, max_delay=6)
    schedule = neuro.SigmaSchedule(layer, epochs=3)
    widths = []
    for epoch in range(6):
        schedule.set_epoch(epoch)
        widths.append(layer.sigma.item() - 0.27)
    assert widths == pytest.approx([3, 1.27445, 0.541409, 0.23, 0.23, 0.23], abs=1e-5)


def test_the_width_of_a_triangle_follows_the_same_schedule():
    layer = neuro.DelayedLinear(2, 2, max_delay=6, kernel="triangle")
    schedule = neuro.SigmaSchedule(layer, epochs=3)
    widths = []
    for epoch in range(5):
        schedule.set_epoch(epoch)
        widths.append(layer.sigma.item() - 1)
    assert widths == pytest.approx([3, 1.27445, 0.541409, 0.23, 0.23], abs=1e-5)


@pytest.mark.parametrize(
    ("max_delay", "epochs", "factor"), [(24, 37, 0.8986), (30, 15, 0.7569), (30, 25, 0.8461)]
)
def test_the_factor_of_the_published_schedules(max_delay, epochs, factor):
    layer = neuro.DelayedLinear(1, 1, max_delay)
    schedule = neuro.SigmaSchedule(layer, epochs)
    schedule.set_epoch(3)
    earlier = layer.sigma.item() - 0.27
    schedule.set_epoch(4)
    assert (layer.sigma.item() - 0.27) / earlier == pytest.approx(factor, abs=1e-4)


def test_the_operator_refuses_unknown_kernels():
    one = torch.ones(1, 1)
    x = torch.ones(3, 1, 1)
    with pytest.raises(ValueError, match="unknown delay kernel 'box'; known: gaussian, triangle"):
        delayed_linear(x, torch.zeros(2, 1, 1), one, one, kernel="box", max_delay=2)
    with pytest.raises(
        ValueError, match="unknown backend 'gpu' of delayed_linear; known: auto, reference"
    ):
        delayed_linear(
            x, torch.zeros(2, 1, 1), one, one, kernel="one-tap", max_delay=2, backend="gpu"
        )
