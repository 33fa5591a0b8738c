"""The kernels of delayed connections without a GPU: as C++, and compiled without spills."""

import itertools

import pytest
import torch
from helpers.cuda import ARCHITECTURES, launch_on_cpu, needs_compiler, needs_nvrtc, resources
from helpers.delayed_linear import KERNELS, arguments

from axonal.neuro.ops.delayed_linear import _op, cuda, delayed_linear
from axonal.neuro.ops.delayed_linear._needs import Needs
from axonal.neuro.ops.delayed_linear._op import delayed_backward, delayed_forward
from axonal.neuro.ops.delayed_linear._synapses import Synapses


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setattr(cuda, "launch", launch_on_cpu)
    monkeypatch.setattr(_op, "on_gpu", lambda x: True)


def kernels(given, kernel, sigma, max_delay, needs_x=True, needs_history=True, needs_taps=True):
    """Output and gradients of the kernels, for the cotangent that `wanted` uses."""
    x, history, weight, delay = (a.detach() for a in given)
    width = torch.tensor(sigma, dtype=weight.dtype)
    taken = x, history, Synapses(weight, delay, width, kernel, max_delay)
    y = delayed_forward(*taken)
    needs = Needs(needs_x, needs_history, needs_taps)
    return y, *delayed_backward(cotangent(y), *taken, needs)


def cotangent(y):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype)


def wanted(given, kernel, sigma, max_delay):
    y, _ = delayed_linear(*given, sigma, kernel=kernel, max_delay=max_delay, backend="reference")
    grads = torch.autograd.grad((y * cotangent(y)).sum(), given, allow_unused=True)
    return y, *(torch.zeros_like(a) if g is None else g for a, g in zip(given, grads, strict=True))


def assert_parity(given, kernel, sigma, max_delay, tolerance):
    exact = wanted(given, kernel, sigma, max_delay)
    mine = kernels(given, kernel, float(sigma), max_delay)
    for fast, definition in zip(mine, exact, strict=True):
        # taps that are nothing in this precision are left out: relative to numbers of order one
        size = max(1.0, float(definition.detach().norm(torch.inf)) if definition.numel() else 0.0)
        torch.testing.assert_close(fast, definition, rtol=tolerance, atol=tolerance * size)
    return mine


@needs_compiler
@pytest.mark.parametrize(("kernel", "sigma"), KERNELS)
@pytest.mark.parametrize("max_delay", [0, 1, 7, 25])
def test_the_kernels_equal_the_dense_convolution(kernel, sigma, max_delay):
    # sources and targets below, at and beyond the tiles of a block
    for steps, batch, sources, targets in ((1, 3, 5, 4), (30, 4, 17, 9), (17, 2, 16, 8)):
        given = arguments(steps, batch, sources, targets, max_delay)
        assert_parity(given, kernel, sigma, max_delay, 1e-11)


@needs_compiler
@pytest.mark.parametrize(("kernel", "sigma"), KERNELS)
def test_single_precision_over_many_blocks(kernel, sigma):
    # 640 numbers a row are more than a block of 128 threads takes, four a thread
    given = arguments(80, 8, 19, 10, 12, torch.float32)
    _, _, _, _, g_delay = assert_parity(given, kernel, sigma, 12, 1e-5)
    assert (g_delay.abs().sum() > 0) == (kernel != "one-tap")


@needs_compiler
def test_half_precision_is_computed_in_single():
    x, history, weight, delay = arguments(20, 4, 5, 6, 7, torch.float32)
    rounded = tuple(a.detach().half().float().requires_grad_() for a in (x, history))
    exact = wanted((*rounded, weight, delay), "gaussian", 0.5, 7)
    given = x.half(), history.half(), weight, delay
    mine = kernels(given, "gaussian", 0.5, 7)
    assert [a.dtype for a in mine] == [torch.float16] * 3 + [torch.float32] * 2
    for fast, definition in zip(mine, exact, strict=True):
        torch.testing.assert_close(fast.float(), definition, rtol=4e-3, atol=4e-2)


@needs_compiler
@pytest.mark.parametrize("asked_for", list(itertools.product((False, True), repeat=3)))
def test_gradients_that_nobody_needs_are_left_out(asked_for):
    x, history, taps = asked_for
    given = arguments(9, 2, 4, 3, 5)
    exact = wanted(given, "two-tap", 1.0, 5)
    mine = kernels(given, "two-tap", 1.0, 5, x, history, taps)
    # that of x comes with that of what was before it
    needed = (True, x or history, history, taps, taps)
    for fast, definition, asked in zip(mine, exact, needed, strict=True):
        if asked:
            torch.testing.assert_close(fast, definition)
        else:
            assert fast.numel() == 0


@needs_compiler
@pytest.mark.parametrize("empty", ["batch", "sources", "targets"])
def test_nothing_at_all(empty):
    sizes = {"batch": 2, "sources": 3, "targets": 4} | {empty: 0}
    given = arguments(5, *sizes.values(), 4)
    y, *grads = kernels(given, "gaussian", 0.5, 4)
    assert y.shape == (5, sizes["batch"], sizes["targets"])
    assert [g.shape for g in grads] == [a.shape for a in given]
    assert not any(a.any() for a in (y, *grads))


@needs_compiler
def test_delays_beyond_the_history_read_nothing_else():
    x, history, weight, delay = (a.detach() for a in arguments(6, 1, 2, 2, 3, torch.float32))
    for wrong in (-5.0, 99.0, float("nan"), float("inf")):
        delay.fill_(wrong)
        for kernel in ("gaussian", "two-tap", "one-tap"):
            # reading outside x would be seen as garbage, if not as a crash
            y, *_ = kernels((x * 0, history * 0, weight, delay), kernel, 0.5, 3)
            assert not y.nan_to_num(0.0).any()


def test_wrong_shapes_are_refused_before_anything_is_read():
    x, history, weight, delay = (a.detach() for a in arguments(6, 1, 2, 2, 3))
    synapses = Synapses(weight, delay, torch.tensor(1.0).double(), "two-tap", 3)
    with pytest.raises(ValueError, match=r"expects history \(3, 1, 2\), got \(2, 1, 2\)"):
        delayed_forward(x, history[:2], synapses)
    with pytest.raises(ValueError, match=r"expects delay \(2, 2\), got \(1, 2\)"):
        delayed_forward(x, history, synapses._replace(delay=delay[:1]))


VARIANTS = {"sums": ("delay_sums", cuda.SUMS), "add": ("delay_add", cuda.ADD)}
VARIANTS["dot"] = ("delay_dot", cuda.DOT)


@needs_nvrtc
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("variant", VARIANTS)
def test_they_compile_without_spills(variant, dtype, arch, record_property):
    name, part = VARIANTS[variant]
    for kernel in (0, 1, 2) if variant != "sums" else (0,):
        choices = {"KERNEL": kernel, "PART": part, "WIDTH": 1 if variant == "sums" else 4}
        registers, spilled = resources(cuda.FILES, name, dtype, arch, choices, contract=True)
        record_property(f"registers of {cuda.KERNELS[kernel]}", registers)
        assert spilled == 0
        assert registers <= 128
