"""The BCM rule: selective units, and its threshold that must not be slow."""

import pytest
import torch
from torch import Tensor

from axonal.hebbian.plasticity import bcm


def responses(rate: float, tau: float, steps: int = 2000) -> Tensor:
    """Responses [patterns, units] after learning four patterns of length 1, all at each step."""
    torch.manual_seed(3)
    patterns = torch.eye(4, 10, dtype=torch.float64) + 0.2 * torch.rand(4, 10).double()
    patterns /= patterns.norm(dim=1, keepdim=True)
    weight = 0.5 * torch.rand(12, 10, dtype=torch.float64)
    threshold = torch.ones(12, dtype=torch.float64)
    for _ in range(steps):
        post = patterns @ weight.T
        change, threshold = bcm(weight, threshold, patterns, post, tau=tau)
        weight = weight + rate * change
        if not weight.isfinite().all():
            break
    return patterns @ weight.T


def test_units_become_selective_for_one_pattern_each() -> None:
    found = responses(0.05, 8.0)
    best = found.max(0)
    # each pattern comes with probability 1/4, and what answers it answers 4
    torch.testing.assert_close(best.values, torch.full_like(best.values, 4.0), rtol=1e-3, atol=0)
    others = found.clone()
    others[best.indices, torch.arange(12)] = 0
    assert others.abs().max() < 1e-2
    assert len(best.indices.unique()) > 1


def test_a_threshold_slower_than_the_weights_does_not_hold_them() -> None:
    found = responses(0.05, 80.0)  # eta tau |x|^2 = 4
    assert not found.isfinite().all() or (found.max(0).values - 4).abs().max() > 0.5


def test_what_does_not_fit_is_one_line() -> None:
    w, x, y = torch.zeros(4, 3), torch.zeros(2, 3), torch.zeros(2, 4)
    for given, tau, said in (
        ((w, torch.zeros(3), x, y), 10.0, r"expects threshold \(4,\), got \(3,\)"),
        ((w, torch.zeros(4), y, y), 10.0, "pre"),
        ((w, torch.zeros(4), x, y), 0.5, "tau as a finite number >= 1"),
    ):
        with pytest.raises(ValueError, match=said) as caught:
            bcm(*given, tau=tau)
        assert "\n" not in str(caught.value)
