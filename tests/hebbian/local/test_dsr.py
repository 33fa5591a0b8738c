"""DSR beside arrays of the published code."""

import pytest
import torch
from helpers.neuro_fixtures import golden

from axonal import neuro
from axonal.hebbian import local


def test_neurons_and_their_gradients_are_those_of_the_published_code() -> None:
    held = golden("hlop/hlop_reference.npz")
    x, spikes, g, gin = (
        held[f"C_{name}"].reshape(20, 3, 7) for name in ("in_TBxN", "spikes", "gout", "gin")
    )
    x.requires_grad_()
    lif = local.DSRLIF(7, tau=20.0, threshold=0.3, firing=0.3)
    y, _ = lif(x)
    assert torch.equal(y > 0, spikes > 0)
    torch.testing.assert_close(y, spikes)
    torch.testing.assert_close(local.weighted_rate(y.detach()), held["C_wrate_spk"])
    torch.testing.assert_close(local.weighted_rate(x.detach()), held["C_wrate_in"])
    y.backward(g)
    torch.testing.assert_close(x.grad, gin)
    assert lif.level.grad.item() == pytest.approx(float(held["C_gVth"]), rel=1e-5)


def test_weights_of_the_rate_are_those_of_the_paper() -> None:
    # sum 12.961105, first .38674102 (tau 1, 20 steps of .05)
    first = torch.zeros(20, 1)
    first[0] = 1
    assert local.weighted_rate(first).item() == pytest.approx(0.38674102 / 12.961105, rel=1e-6)


def test_chunks_of_a_sequence_fire_as_the_whole() -> None:
    x, lif = 6 * torch.rand(20, 3, 7), local.DSRLIF(7)
    whole, last = lif(x)
    first, state = lif(x[:9])
    rest, state = lif(x[9:], state)
    assert torch.equal(torch.cat((first, rest)), whole)
    assert torch.equal(state.u, last.u)


def test_a_threshold_that_was_learned_away_stays_above_its_floor() -> None:
    lif = local.DSRLIF(3)
    with torch.no_grad():
        lif.level.fill_(-1.0)
    y, _ = lif(torch.full((20, 2, 3), 5.0))
    y.sum().backward()
    assert lif.threshold.item() == pytest.approx(5e-4)
    assert lif.level.grad.item() > 0


def test_other_neurons_are_refused_by_name() -> None:
    net = neuro.Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    with pytest.raises(ValueError, match=r"DSR cannot train '1' \(LIF\): its neurons are DSRLIF"):
        local.DSR(net)
