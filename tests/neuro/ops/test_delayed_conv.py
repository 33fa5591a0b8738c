"""Compiled delayed convolutions equal the dense one over space and time, gradients included."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal.neuro.ops.delayed_conv import Geometry, _spikes, delayed_conv, of_synapses

KERNELS = ["gaussian", "triangle", "two-tap", "one-tap", "straight-through"]
SIZES = {1: ((7,), (3,)), 2: ((7, 6), (3, 2))}
SIGMA = 1.2


def geometry(axes, stride=1, dilation=1, padding=0, groups=1):
    return Geometry((stride,) * axes, (dilation,) * axes, (padding,) * 2 * axes, groups)


def arguments(axes, longest, *, per="synapse", groups=1, rate=1.0, outputs=16, dtype=torch.float64):
    """Seeded x, history, weight and delay; the share ``rate`` of the inputs is not zero."""
    generator = torch.Generator().manual_seed(0)
    space, size = SIZES[axes]

    def series(steps):
        shape = (steps, 2, 4, *space)
        heard = torch.rand(shape, generator=generator) < rate
        return torch.randn(shape, generator=generator) * heard

    weight = torch.randn(outputs, 4 // groups, *size, generator=generator)
    shape = {"synapse": weight.shape, "source": (4,), "target": (outputs,)}[per]
    delay = longest * torch.rand(shape, generator=generator)
    return [a.to(dtype).requires_grad_() for a in (series(9), series(longest), weight, delay)]


def run(backend, given, kernel, space, per="synapse"):
    y, history = delayed_conv(
        *given, SIGMA, kernel=kernel, max_delay=len(given[1]), geometry=space, per=per,
        backend=backend,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(1)
    cotangent = torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype)
    leaves = [a for a in given if a.requires_grad]
    grads = torch.autograd.grad((y * cotangent).sum(), leaves, allow_unused=True)
    zeros = [torch.zeros_like(a) if g is None else g for a, g in zip(leaves, grads, strict=True)]
    return y, history, *zeros


def assert_parity(given, kernel, space, per="synapse", tolerance=1e-11):
    fast, exact = (run(backend, given, kernel, space, per) for backend in ("cpu", "reference"))
    for mine, definition in zip(fast, exact, strict=True):
        torch.testing.assert_close(mine, definition, rtol=tolerance, atol=tolerance)
    return exact


def test_the_definition_is_a_sum_over_whole_delays_of_convolutions():
    x, history, weight, delay = (a.detach() for a in arguments(2, 3))
    delay = delay.round()
    space = geometry(2, stride=2, padding=1)
    y, end = delayed_conv(
        x, history, weight, delay, kernel="one-tap", max_delay=3, geometry=space,
        backend="reference",
    )  # fmt: skip
    series, expected = torch.cat((history, x)), 0
    for d in range(4):
        late = series[3 - d : 12 - d].flatten(0, 1)
        expected = expected + F.conv2d(late, weight * (delay == d), stride=2, padding=1)
    torch.testing.assert_close(y, expected.unflatten(0, (9, 2)), rtol=0, atol=1e-12)
    assert torch.equal(end, series[9:])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("rate", [0.05, 1.0])
@pytest.mark.parametrize("longest", [0, 4])
def test_compiled_loops_equal_the_definition(kernel, axes, rate, longest):
    given = arguments(axes, longest, rate=rate)
    exact = assert_parity(given, kernel, geometry(axes, padding=1))
    assert all(a.abs().sum() > 0 for a in (exact[0], exact[2], exact[4]))


@settings(max_examples=25)
@given(
    st.sampled_from([1, 2]), st.sampled_from([1, 2, 3]), st.sampled_from([1, 2]),
    st.sampled_from([0, 1, 2]), st.sampled_from([1, 2, 4]), st.sampled_from([0.02, 1.0]),
    st.integers(0, 3), st.sampled_from(KERNELS), st.booleans(),
    st.sampled_from(["synapse", "source", "target"]),
)  # fmt: skip
def test_every_geometry(
    axes, stride, dilation, padding, groups, rate, longest, kernel, remembered, per
):
    outputs = 16 if per != "source" else 4
    given = arguments(axes, longest, per=per, groups=groups, rate=rate, outputs=outputs)
    given[1].requires_grad_(remembered)
    space = geometry(axes, stride, dilation, padding, groups)
    if all(space.places(*SIZES[axes])):
        assert_parity(given, kernel, space, per)


def test_few_spikes_take_the_way_of_lists_and_dense_inputs_do_not():
    place, taps = torch.zeros(1, 6, dtype=torch.int64), torch.zeros(16, 6, 7)
    rates = (0.02, 1.0)
    pictures = [(torch.rand(9, 2, 4, 7, 6) < rate).float() for rate in rates]
    assert [_spikes.pays(x, place, taps) for x in pictures] == [True, False]


def test_samples_in_parts_are_the_same(monkeypatch):
    monkeypatch.setattr(_spikes, "CACHED", 1)
    assert_parity(arguments(2, 4, rate=0.05), "gaussian", geometry(2, padding=1))


def test_single_precision():
    for rate in (0.05, 1.0):
        given = arguments(2, 4, rate=rate, dtype=torch.float32)
        assert_parity(given, "gaussian", geometry(2, padding=1), tolerance=1e-4)


@pytest.mark.parametrize("wanted", range(4))
def test_a_gradient_alone_is_the_same(wanted):
    for rate in (0.05, 1.0):
        given = arguments(2, 4, rate=rate)
        for at, tensor in enumerate(given):
            tensor.requires_grad_(at == wanted)
        assert_parity(given, "gaussian", geometry(2))


@pytest.mark.parametrize("groups", [1, 2])
def test_delays_of_channels_are_those_of_their_synapses(groups):
    for per, axis in (("source", 0), ("target", 1)):
        x, history, weight, delay = arguments(2, 4, per=per, groups=groups)
        full = of_synapses(delay, weight, per, groups)
        assert full.shape == weight.shape
        whole = run("reference", (x, history, weight, full), "gaussian", geometry(2, groups=groups))
        own = run("cpu", (x, history, weight, delay), "gaussian", geometry(2, groups=groups), per)
        torch.testing.assert_close(own[:5], whole[:5], rtol=1e-11, atol=1e-11)
        assert len(full.unique(dim=axis).flatten()) >= 4


def test_what_is_asked_for_is_checked():
    given = arguments(1, 2)
    settings = {"kernel": "gaussian", "max_delay": 2, "geometry": geometry(1)}
    with pytest.raises(ValueError, match="unknown delay kernel 'box'"):
        delayed_conv(*given, **settings | {"kernel": "box"})
    with pytest.raises(ValueError, match="unknown per 'pixel' of delayed_conv; known: synapse"):
        delayed_conv(*given, per="pixel", **settings)
    with pytest.raises(ValueError, match='backend="cpu" of delayed_conv has no gradient of sigma'):
        delayed_conv(*given, torch.ones((), requires_grad=True), backend="cpu", **settings)
    with pytest.raises(ValueError, match='delayed_conv has no kernel for backend="cuda"'):
        delayed_conv(*given, backend="cuda", **settings)
