"""The compiled delayed connections equal the dense convolution: outputs, gradients, final state."""

import pytest
import torch
from helpers.delayed_linear import KERNELS as EVERYWHERE
from helpers.delayed_linear import STRAIGHT, TRIANGLES, arguments
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal.neuro.ops.delayed_linear import cpu_sparse, delay_kernel, delayed_linear
from axonal.neuro.ops.delayed_linear._taps import taps

KERNELS = EVERYWHERE + TRIANGLES + STRAIGHT


def run(backend, given, kernel, sigma, max_delay):
    y, history = delayed_linear(*given, sigma, kernel=kernel, max_delay=max_delay, backend=backend)
    generator = torch.Generator().manual_seed(1)
    cotangent = torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype)
    leaves = [a for a in given if a.requires_grad]
    grads = torch.autograd.grad((y * cotangent).sum(), leaves, allow_unused=True)
    return (
        y,
        history,
        *(torch.zeros_like(a) if g is None else g for a, g in zip(leaves, grads, strict=True)),
    )


def assert_parity(given, kernel, sigma, max_delay, tolerance=1e-12):
    fast, exact = (
        run(backend, given, kernel, sigma, max_delay) for backend in ("cpu", "reference")
    )
    for mine, definition in zip(fast, exact, strict=True):
        torch.testing.assert_close(mine, definition, rtol=tolerance, atol=tolerance)
    return fast


@pytest.mark.parametrize(("kernel", "sigma"), KERNELS)
@pytest.mark.parametrize("max_delay", [0, 1, 7, 25])
@pytest.mark.parametrize("batch", [1, 3, 8, 11])
def test_the_compiled_loops_equal_the_dense_convolution(kernel, sigma, max_delay, batch):
    for steps in (1, 30):
        given = arguments(steps, batch, 5, 4, max_delay)
        fast = assert_parity(given, kernel, sigma, max_delay)
    assert fast[2].abs().sum() > 0
    assert fast[4].abs().sum() > 0


@pytest.mark.parametrize("steps", [255, 256, 257, 600])
@pytest.mark.parametrize(("kernel", "sigma"), KERNELS)
def test_sequences_that_are_added_in_parts(kernel, sigma, steps):
    assert_parity(arguments(steps, 9, 7, 3, 12), kernel, sigma, 12)


@pytest.mark.parametrize(("kernel", "sigma"), KERNELS)
def test_single_precision(kernel, sigma):
    given = arguments(40, 9, 30, 20, 25, torch.float32)
    assert_parity(given, kernel, sigma, 25, tolerance=1e-4)


def spiking(given, rate):
    """The same arguments with spikes, of values other than 1 too, in place of x and history."""
    x, history, *rest = given
    generator = torch.Generator().manual_seed(2)
    return (
        *(
            (a.detach() * (torch.rand(a.shape, generator=generator) < rate)).requires_grad_()
            for a in (x, history)
        ),
        *rest,
    )


@pytest.mark.parametrize(("kernel", "sigma"), KERNELS)
@pytest.mark.parametrize("max_delay", [0, 1, 7, 25])
@pytest.mark.parametrize("rate", [0.0, 0.01])
def test_the_loops_over_spikes_equal_the_dense_convolution(kernel, sigma, max_delay, rate):
    for steps, batch, sources, targets in ((30, 11, 6, 13), (1, 3, 9, 8), (60, 1, 20, 1)):
        given = spiking(arguments(steps, batch, sources, targets, max_delay), rate)
        count = taps(given[3], sigma, kernel, max_delay).share.shape[2]
        x, history = (a.detach() for a in given[:2])
        assert cpu_sparse.find(history, x, count) is not None or x.numel() + history.numel() < 800
        assert_parity(given, kernel, sigma, max_delay)


def test_dense_inputs_go_to_the_dense_loops():
    x, history, _, _ = arguments(30, 8, 6, 4, 7)
    assert cpu_sparse.find(history.detach(), x.detach(), taps=6) is None


def test_spikes_at_the_edges_of_the_sequence_and_of_the_delays():
    x, history, weight, delay = (a.detach() for a in arguments(12, 2, 40, 9, 5))
    x, history = torch.zeros_like(x), torch.zeros_like(history)
    x[0, 0, 0] = x[-1, 1, 39] = history[0, 1, 3] = history[-1, 0, 4] = 1.0
    delay[::2], delay[1::2] = 0.0, 5.0
    for kernel, sigma in KERNELS:
        given = [a.clone().requires_grad_() for a in (x, history, weight, delay)]
        assert_parity(given, kernel, sigma, 5)


@settings(max_examples=20)
@given(
    st.integers(1, 30), st.integers(1, 20), st.integers(1, 70), st.integers(1, 5),
    st.integers(0, 12), st.sampled_from(KERNELS),
)  # fmt: skip
def test_every_size(steps, batch, sources, targets, max_delay, kernel):
    assert_parity(arguments(steps, batch, sources, targets, max_delay), *kernel, max_delay)


@pytest.mark.parametrize("wanted", range(4))
def test_gradients_of_one_argument_alone(wanted):
    given = arguments(20, 3, 4, 5, 6)
    given = tuple(a if k == wanted else a.detach() for k, a in enumerate(given))
    assert_parity(given, "two-tap", 1, 6)


def test_missing_synapses_cost_nothing_and_change_nothing():
    x, history, weight, delay = arguments(20, 3, 40, 5, 6)
    mask = (torch.rand(5, 40, generator=torch.Generator().manual_seed(2)) < 0.2).double()
    given = x, history, (weight * mask).detach().requires_grad_(), delay
    assert_parity(given, "gaussian", 0.5, 6)


@pytest.mark.parametrize(("kernel", "sigma"), KERNELS)
@pytest.mark.parametrize("dense", [True, False])
def test_strided_inputs(kernel, sigma, dense):
    given = arguments(60, 3, 4, 5, 6)
    strided = []
    for a in given if dense else spiking(given, 0.01):
        ends = (0, a.ndim - 1)
        strided.append(a.detach().transpose(*ends).contiguous().transpose(*ends).requires_grad_())
        assert not strided[-1].is_contiguous()
    assert_parity(strided, kernel, sigma, 6)


def test_two_threads_give_what_one_gives():
    given = arguments(100, 16, 60, 200, 9, torch.float32)
    ends = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            ends.append(run("cpu", given, "two-tap", 1, 9))
        finally:
            torch.set_num_threads(1)
    for one, two in zip(*ends, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sigma", [0.3, 0.5, 1.7, 5.0])
def test_the_taps_left_out_are_nothing_in_this_precision(sigma, dtype):
    delay = torch.linspace(0, 40, 401, dtype=dtype).reshape(-1, 1)
    first, share, _ = taps(delay, sigma, "gaussian", 40)
    dense = delay_kernel(torch.ones_like(delay), delay, sigma, "gaussian", 40)
    index = first.unsqueeze(-1) + torch.arange(share.shape[-1])
    sparse = torch.zeros_like(dense).scatter(-1, index, share)
    assert (sparse - dense).abs().max() <= 2 * torch.finfo(dtype).eps


@pytest.mark.parametrize(("kernel", "sigma"), KERNELS)
def test_the_operator_keeps_the_rules_of_torch(kernel, sigma):
    given = arguments(9, 3, 4, 5, 6)
    width = torch.tensor(float(sigma), dtype=torch.float64)
    torch.library.opcheck(torch.ops.axonal.delayed_linear.default, (*given, width, kernel, 6))
    frozen = given[0], given[1].detach(), given[2], given[3].detach()
    torch.library.opcheck(torch.ops.axonal.delayed_linear.default, (*frozen, width, kernel, 6))


def test_wide_gaussians_take_the_dense_convolution(monkeypatch):
    from axonal.neuro.ops.delayed_linear import _op

    called = []
    compiled = _op.delayed_linear
    monkeypatch.setattr(_op, "delayed_linear", lambda *a: called.append(a[2].sigma) or compiled(*a))
    given = arguments(9, 3, 4, 5, 24)
    for sigma in (8.0, 0.5):
        delayed_linear(*given, sigma, kernel="gaussian", max_delay=24)
    assert called == [0.5]


def test_half_precision_takes_the_dense_convolution():
    given = tuple(a.detach().bfloat16() for a in arguments(5, 2, 3, 2, 4))
    y, _ = delayed_linear(*given, kernel="two-tap", max_delay=4)
    assert y.dtype == torch.bfloat16
    with pytest.raises(
        ValueError, match=r'backend="cpu" of delayed_linear expects tensors of one type'
    ):
        delayed_linear(*given, kernel="two-tap", max_delay=4, backend="cpu")


def test_an_empty_batch_gives_nothing():
    given = arguments(5, 0, 3, 2, 4)
    assert_parity(given, "two-tap", 1, 4)
