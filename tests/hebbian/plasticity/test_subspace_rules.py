"""Rules of principal subspaces: fixed points, order, parity with numbers found by others."""

import pytest
import torch

from axonal.hebbian.plasticity import (
    oja,
    sanger,
    similarity_matching,
    similarity_matching_response,
)

N, K = 12, 3


@pytest.fixture(scope="module")
def activity():
    """Rows with eigenvalues 5, 4, 3 and a floor of 0.1 along random axes."""
    generator = torch.Generator().manual_seed(1)
    axes = torch.linalg.qr(torch.randn(N, N, generator=generator, dtype=torch.float64))[0]
    scale = torch.tensor([5.0, 4.0, 3.0, *[0.1] * (N - K)], dtype=torch.float64)
    rows = torch.linalg.qr(torch.randn(64, N, generator=generator, dtype=torch.float64))[0]
    return rows * (64 * scale).sqrt() @ axes.T, axes.T[:K]


def start(rows=K):
    generator = torch.Generator().manual_seed(2)
    return torch.linalg.qr(torch.randn(N, rows, generator=generator, dtype=torch.float64))[0].T


def projector(rows):
    return rows.T @ torch.linalg.solve(rows @ rows.T, rows)


def test_oja_comes_to_rest_on_the_principal_subspace(activity):
    x, axes = activity
    w = start()
    for _ in range(600):
        w = w + 0.15 * oja(w, x)  # below 1 over the largest eigenvalue
    assert (w @ w.T - torch.eye(K)).abs().max() < 1e-6
    assert (w.T @ w - projector(axes)).abs().max() < 1e-6


def test_oja_leaves_its_fixed_point_above_the_rate_that_is_named(activity):
    x, axes = activity
    for rate, stays in ((0.19, True), (0.21, False)):
        w = axes * 1.001
        for _ in range(400):
            w = (w + rate * oja(w, x)).clamp(-9, 9)
        assert bool((w @ w.T - torch.eye(K)).abs().max() < 1e-3) is stays


def test_oja_beside_others_learns_what_they_leave(activity):
    x, axes = activity
    known, w = axes[:2], start(1)
    remaining = x - x @ known.T @ known
    for _ in range(400):
        w = w + 0.1 * oja(w, x, remaining)
    assert (w[0] @ axes[2]).abs() == pytest.approx(1, abs=1e-6)
    assert (w @ known.T).abs().max() < 1e-6


def test_sanger_finds_the_axes_themselves_in_order(activity):
    x, axes = activity
    w = start()
    for _ in range(1500):
        w = w + 0.1 * sanger(w, x)
    assert ((w @ axes.T).abs() - torch.eye(K)).abs().max() < 1e-6


@pytest.mark.parametrize("ratio", [0.1, 0.5])
def test_similarity_matching_has_orthonormal_filters_on_the_principal_subspace(activity, ratio):
    x, axes = activity
    w, m = start(), torch.eye(K, dtype=torch.float64)
    for _ in range(6000):
        change = similarity_matching(w, m, x, ratio=ratio)
        w, m = w + 0.02 * change.weight, m + 0.02 * change.lateral
    filters = torch.linalg.solve(m, w)
    assert (filters @ filters.T - torch.eye(K)).abs().max() < 1e-4
    assert (filters.T @ filters - projector(axes)).abs().max() < 1e-4
    settled = similarity_matching_response(w, m, x)
    assert torch.allclose(settled @ m.T, x @ w.T)


def test_rules_do_not_change_what_they_are_given(activity):
    x, _ = activity
    w, m = start(), torch.eye(K, dtype=torch.float64)
    before = [a.clone() for a in (w, m, x)]
    oja(w, x), sanger(w, x), similarity_matching(w, m, x)
    assert all(torch.equal(a, b) for a, b in zip((w, m, x), before, strict=True))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: oja(torch.ones(2, 3), torch.ones(4, 5, 3)), "Steps and samples are rows alike"),
        (lambda: sanger(torch.ones(3), torch.ones(4, 3)), "weights [m, n], got (3,)"),
        (
            lambda: similarity_matching(torch.ones(2, 3), torch.ones(2, 2), torch.ones(4, 3)),
            "can be inverted",
        ),
        (
            lambda: similarity_matching(torch.ones(2, 3), torch.ones(3, 3), torch.ones(4, 3)),
            "lateral M [2, 2]",
        ),
        (
            lambda: similarity_matching(torch.ones(2, 3), torch.eye(2), torch.ones(4, 3), ratio=0),
            "ratio as a finite number > 0",
        ),
    ],
)
def test_bad_input_is_one_line(call, said):
    with pytest.raises(ValueError) as caught:
        call()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
