"""Sparse products equal dense ones: outputs and gradients, whatever the inputs are."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from axonal import neuro
from axonal.neuro.ops.spike_linear import _op, cpu, spike_linear


def arguments(shape, targets, rate, dtype=torch.float64, graded=False):
    generator = torch.Generator().manual_seed(0)
    fires = torch.rand(shape, generator=generator, dtype=dtype) < rate
    x = fires.to(dtype)
    if graded:
        x = x * torch.randn(shape, generator=generator, dtype=dtype)  # -0.0 where nobody fires
    weight = torch.randn(targets, shape[-1], generator=generator, dtype=dtype)
    return x.requires_grad_(), weight.requires_grad_()


def run(backend, given):
    y = spike_linear(*given, backend=backend)
    cotangent = torch.randn(y.shape, generator=torch.Generator().manual_seed(1), dtype=y.dtype)
    return y, *torch.autograd.grad((y * cotangent).sum(), given)


@pytest.fixture
def sparse(monkeypatch):
    """No handing over to dense products, which is decided by rate and size; counts the others."""
    products = []
    for name in ("fill_products", "add_outer"):
        loop = getattr(cpu, name)

        def counted(*given, loop=loop, name=name):
            products.append(name)
            return loop(*given)

        monkeypatch.setattr(cpu, name, counted)
    monkeypatch.setattr(cpu, "dense_from", lambda targets: 1.0)
    monkeypatch.setattr(cpu, "dense_gradient_from", lambda targets: 1.0)
    return products


def assert_parity(given, tolerance=1e-12):
    for mine, definition in zip(run("cpu", given), run("reference", given), strict=True):
        torch.testing.assert_close(mine, definition, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("graded", [False, True])
def test_the_sparse_product_equals_the_dense_one(sparse, rate, graded):
    assert_parity(arguments((40, 3, 50), 20, rate, graded=graded))
    assert sparse == ["fill_products", "add_outer"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 30), st.integers(1, 70), st.integers(1, 20), st.floats(0, 0.3))
@pytest.mark.usefixtures("sparse")
def test_every_size(rows, sources, targets, rate):
    assert_parity(arguments((rows, sources), targets, rate))


@pytest.mark.parametrize("shape", [(0, 3, 5), (4, 0, 5), (4, 3, 5, 6)])
def test_nothing_at_all_and_more_dimensions(shape):
    assert_parity(arguments(shape, 4, 0.1))


def test_single_precision_and_two_threads():
    given = arguments((64, 32, 256), 256, 0.03, torch.float32)
    assert_parity(given, tolerance=1e-3)
    ends = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            ends.append(run("cpu", given))
        finally:
            torch.set_num_threads(1)
    # the gradient of x is torch's own product, which threads may round otherwise
    assert torch.equal(ends[0][0], ends[1][0])
    assert torch.equal(ends[0][2], ends[1][2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rows", [1, 64, 65, 300])
@pytest.mark.parametrize("targets", [8, 24, 32, 72, 100])
@pytest.mark.parametrize("sources", [60, 700])
def test_results_that_go_past_the_caches_are_the_same(
    monkeypatch, sparse, dtype, rows, targets, sources
):
    given = arguments((rows, sources), targets, 0.1, dtype, graded=True)
    kept = spike_linear(*given, backend="cpu")
    monkeypatch.setattr(cpu, "STREAMED", 0)
    assert torch.equal(spike_linear(*given, backend="cpu"), kept)
    assert sparse == ["fill_products"] * 2
    torch.testing.assert_close(kept, given[0] @ given[1].T)


def test_strided_inputs():
    x, weight = arguments((8, 5, 30), 7, 0.1)
    x = x.detach().transpose(0, 2).contiguous().transpose(0, 2).requires_grad_()
    weight = weight.detach().T.contiguous().T.requires_grad_()
    assert not x.is_contiguous()
    assert_parity((x, weight))


@pytest.mark.parametrize(
    ("targets", "rate", "forward", "gradient"),
    [
        (256, 0.02, True, True),
        (256, 0.3, True, False),
        (256, 0.6, False, False),
        (20, 0.02, True, True),
        (20, 0.1, True, False),
        (20, 0.3, False, False),
        (2, 0.02, False, False),
    ],
)
def test_the_measured_rate_and_the_number_of_outputs_decide(targets, rate, forward, gradient):
    x = arguments((100, 3, 200), targets, rate)[0].flatten(0, 1)
    assert (cpu._sparse(x, cpu.dense_from(targets)) is not None) == forward
    share = cpu.dense_gradient_from(targets)
    assert (cpu._sparse(x, share) is not None) == gradient


def test_rows_that_are_dense_only_later_are_seen():
    x = torch.zeros(320, 50)
    x[161:] = 1  # the rows looked at first may be silent
    assert cpu._sparse(x, 0.4) is None


def test_nan_and_negative_zero_are_not_lost():
    x = torch.zeros(2, 30)
    x[0, 3], x[1, 4] = float("nan"), -0.0
    y = spike_linear(x, torch.ones(2, 30), backend="cpu")
    assert y[0].isnan().all()
    assert (y[1] == 0).all()


def test_the_operator_keeps_the_rules_of_torch():
    x, weight = arguments((30, 20), 5, 0.05)
    torch.library.opcheck(torch.ops.axonal.spike_linear.default, (x, weight))
    dense, weight = arguments((30, 20), 5, 0.9)
    torch.library.opcheck(torch.ops.axonal.spike_linear.default, (dense, weight))


def test_the_layer_takes_the_sparse_product_for_large_sparse_inputs(monkeypatch):
    called = []
    multiply = _op.spike_linear
    monkeypatch.setattr(_op, "spike_linear", lambda *a: called.append(1) or multiply(*a))
    layer = neuro.Linear(256, 128)
    x = (torch.rand(50, 8, 256) < 0.02).float()
    y = layer(x)
    assert called
    torch.testing.assert_close(y, torch.nn.functional.linear(x, layer.weight, layer.bias))
