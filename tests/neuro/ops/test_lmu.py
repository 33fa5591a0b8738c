"""Legendre memories against the original's figures, and their forms against each other."""

import numpy as np
import pytest
import torch
from helpers import needs

from axonal.neuro.ops.lmu import lmu, matrices
from axonal.neuro.ops.lmu.chunked import orbit


@pytest.mark.parametrize(("order", "theta"), [(4, 4), (6, 784), (8, 128)])
def test_matrices_and_the_answer_to_an_impulse_are_those_of_the_original(order, theta):
    z = np.load(needs.data("fixtures") / "lmuformer" / "lmuformer_reference.npz")
    a, b = matrices(order, theta)
    name = f"q{order}_th{theta}"
    np.testing.assert_allclose(a, z[f"A_Ad_{name}"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(b[:, None], z[f"A_Bd_{name}"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(orbit(b, a, 16).T, z[f"A_H_{name}"], rtol=1e-5, atol=2e-6)


def test_a_held_input_is_held():
    # the first column of A is e_0 - B, since a constant is the first polynomial
    a, b = matrices(9, 40.0, dtype=torch.float64)
    first = torch.eye(9, dtype=torch.float64)[0]
    torch.testing.assert_close(a[:, 0], first - b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 7, 8, 9, 150])
@pytest.mark.parametrize("backend", ["chunked", "fft", "auto"])
def test_all_forms_equal_the_definition(backend, steps):
    rng = torch.Generator().manual_seed(steps)
    given = {
        "u": torch.randn(steps, 2, 3, generator=rng, dtype=torch.float64),
        "m": torch.randn(2, 3, 6, generator=rng, dtype=torch.float64),
        "theta": torch.tensor(20.0, dtype=torch.float64),
    }
    results = []
    for form in ("reference", backend):
        own = {name: x.clone().requires_grad_() for name, x in given.items()}
        a, b = matrices(6, own["theta"], dtype=torch.float64)
        memories = lmu(own["u"], own["m"], a, b, backend=form)
        cotangent = torch.sin(torch.arange(memories.numel()).double()).view_as(memories)
        results.append((memories, *torch.autograd.grad((memories * cotangent).sum(), own.values())))
    for own, other in zip(*results, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-9, atol=1e-9)


def test_the_past_is_read_from_the_memory():
    theta, order = 50.0, 12
    a, b = matrices(order, theta, dtype=torch.float64)
    t = torch.arange(400, dtype=torch.float64)
    u = torch.sin(t / 11) + 0.5 * torch.cos(t / 17)
    memories = lmu(u[:, None, None], torch.zeros(1, 1, order).double(), a, b)[:, 0, 0]
    for delay in (0, 10, 25, 40):
        at = 2 * delay / theta - 1
        legendre = np.polynomial.legendre.legvander([at], order - 1)[0]
        read = memories[100:] @ torch.from_numpy(legendre)
        error = (read - u[100 - delay : 400 - delay]).square().mean().sqrt()
        assert error < 0.05, (delay, float(error))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: matrices(0, 4.0), "order q >= 1, got 0"),
        (lambda: matrices(4, -1.0), "theta > 0 steps, got -1"),
        (lambda: matrices(4, 16.0, discretization="euler"), "theta > 4 q = 16 steps, got 16"),
        (lambda: matrices(4, 4.0, discretization="tustin"), "known: zoh, euler"),
        (
            lambda: lmu(torch.zeros(3, 1, 1), torch.zeros(1, 1, 5), *matrices(4, 9.0)),
            r"lmu expects m \(1, 1, 4\), got \(1, 1, 5\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
