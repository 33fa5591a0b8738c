"""Correlations by spectra equal their definition, and so do the gradients that use them."""

import pytest
import torch

from axonal.neuro.ops.delayed_linear import _correlation, delayed_linear


@pytest.mark.parametrize(
    ("steps", "longest", "scratch"), [(92, 20, 1 << 20), (10, 0, 1), (331, 25, 1), (7, 9, 1)]
)
def test_every_lag_equals_its_sum(steps, longest, scratch, monkeypatch):
    monkeypatch.setattr(_correlation, "SCRATCH", scratch)
    make = torch.Generator().manual_seed(0)
    g, x = (torch.randn(n, 3, c, generator=make).double() for n, c in ((steps, 2), (steps, 4)))
    history = torch.randn(longest, 3, 4, generator=make).double()
    x[..., 1], history[..., 1] = 0, 0
    series = torch.cat((history, x))
    wanted = [
        torch.einsum("tbo,tbi->oi", g, series[longest - k : longest - k + steps])
        for k in range(longest + 1)
    ]
    found = _correlation.correlation(g, history, x)
    torch.testing.assert_close(found, torch.stack(wanted, -1), rtol=0, atol=1e-11)
    assert not found[:, 1].any()  # of a silent source exactly


@pytest.mark.parametrize("kernel", ["gaussian", "straight-through", "triangle"])
def test_gradients_of_delays_by_spectra_equal_those_of_the_definition(kernel, monkeypatch):
    monkeypatch.setattr(_correlation, "SMALL", 0)
    make = torch.Generator().manual_seed(0)
    x = torch.randn(150, 2, 20, generator=make).double()
    history = torch.randn(12, 2, 20, generator=make).double()
    weight = torch.randn(24, 20, generator=make).double().requires_grad_()
    delay = (torch.rand(24, 20, generator=make).double() * 12).requires_grad_()
    assert _correlation.share_of_lags(x, 24, 13, 12) < 1
    found = []
    for backend in ("reference", "cpu"):
        y, _ = delayed_linear(
            x, history, weight, delay, 3.0, kernel=kernel, max_delay=12, backend=backend
        )
        g = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).double()
        found.append(torch.autograd.grad(y, (weight, delay), g))
    for ours, definition in zip(found[1], found[0], strict=True):
        size = float(definition.abs().max())
        torch.testing.assert_close(ours, definition, rtol=1e-9, atol=1e-9 * size)
