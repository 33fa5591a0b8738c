"""Subspaces of one layer: what they hold, project and restore."""

import pytest
import torch

from axonal.hebbian.continual import Lateral
from axonal.hebbian.plasticity import oja


def learnt(**settings):
    torch.manual_seed(3)
    lateral = Lateral(10, rate=0.02, **settings)
    for rows in (3, 2):
        lateral.grow(rows)
        x = torch.randn(32, 10) * torch.rand(10)
        for _ in range(4):
            lateral.learn(x)
        lateral.freeze()
    return lateral


def test_frozen_rows_stay_to_the_bit_while_others_learn():
    lateral = learnt()
    before, x = lateral.weight.clone(), torch.randn(32, 10)
    lateral.grow(2)
    lateral.learn(x)
    assert torch.equal(lateral.weight[:5], before)
    assert torch.equal(lateral.frozen, before)
    assert not torch.equal(lateral.free, torch.zeros(2, 10))


def test_what_frozen_rows_explain_is_constant_over_iterations():
    # the published form sums over all rows at every iteration
    lateral, x = learnt(), torch.randn(32, 10)
    lateral.grow(2)
    h, v = lateral.weight.clone(), torch.zeros(7, 10)
    lateral.learn(x)
    for _ in range(5):
        y = x @ h.T
        change = (y.T @ (x - y @ h) / 32).clamp(-10, 10)
        change[:5] = 0
        v = 0.9 * v + 0.1 * change
        h = h + 0.02 * v
    torch.testing.assert_close(lateral.weight, h, rtol=0, atol=1e-6)


@pytest.mark.parametrize("samples", [2, 32])
def test_lateral_connections_learn_by_the_rule_of_oja(samples):
    lateral, x = learnt(), torch.randn(samples, 10)
    lateral.grow(4)
    h, v = lateral.free.clone(), torch.zeros(4, 10)
    lateral.learn(x)
    remaining = lateral.project(x)
    for _ in range(5):
        v = 0.9 * v + 0.1 * oja(h, x, remaining)
        h = h + 0.02 * v
    torch.testing.assert_close(lateral.free, h, rtol=0, atol=1e-6)


def test_many_rows_project_as_few_do():
    # from half of the directions on one product does the work of two
    lateral = learnt()
    lateral.grow(3)
    lateral.freeze()
    x, h = torch.randn(4, 10), lateral.weight
    torch.testing.assert_close(lateral.project(x), x - (x @ h.T) @ h, rtol=0, atol=1e-5)


def test_rows_are_made_orthonormal_when_asked_for():
    plain, tidy = learnt(), learnt(reorthogonalise=True)
    eye = torch.eye(5)
    assert (plain.weight @ plain.weight.T - eye).abs().max() > 1e-3
    assert (tidy.weight @ tidy.weight.T - eye).abs().max() < 1e-6
    x = torch.randn(6, 10)
    assert tidy.project(x) @ tidy.weight.T == pytest.approx(torch.zeros(6, 5).numpy(), abs=1e-5)


def test_changes_are_cut_where_activity_is_huge():
    lateral = Lateral(2, rate=1.0, momentum=0.0, iterations=1)
    lateral.add(torch.tensor([[1.0, 0.0]]))
    lateral.learn(torch.tensor([[100.0, 100.0]]))
    assert lateral.weight.tolist() == [[1.0, 10.0]]


def test_silent_activity_changes_nothing_but_momentum():
    lateral = Lateral(4)
    lateral.grow(2)
    before = lateral.weight.clone()
    lateral.learn(torch.zeros(8, 4))
    assert torch.equal(lateral.weight, before)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Lateral(3).grow(4), "a rank of 4 is above them"),
        (lambda: learnt().grow(6), "a rank of 6 beside 5 of earlier tasks is above them"),
        (lambda: Lateral(3).learn(torch.ones(1, 3)), "call begin_task() first"),
        (lambda: Lateral(3, momentum=1.0), "momentum from 0 to below 1"),
        (lambda: Lateral(3, rate=0.0), "rate as a finite number > 0"),
        (lambda: Lateral(3, levels=0), "levels as a whole number >= 1"),
    ],
)
def test_bad_input_is_one_line(call, said):
    with pytest.raises(ValueError) as caught:
        call()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
