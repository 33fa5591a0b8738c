"""Lateral connections learn as those of the published code, array by array."""

import pytest
import torch
from helpers.neuro_fixtures import golden

from axonal.hebbian.continual import Lateral, signed_rate

CLOSE = {"rtol": 1e-6, "atol": 1e-6}  # float32


@pytest.fixture(scope="module")
def arrays():
    return golden("hlop/hlop_reference.npz")


def grown(arrays):
    lateral = Lateral(12, rate=0.05)
    lateral.add(arrays["A_W_init1"])
    return lateral


def repeat(lateral, x, times):
    for _ in range(times):
        lateral.learn(x)


def test_rows_and_momentum_of_two_tasks(arrays):
    lateral, x = grown(arrays), arrays["A_X1"]
    lateral.learn(x)
    torch.testing.assert_close(lateral.weight, arrays["A_W_after1_5it"], **CLOSE)
    torch.testing.assert_close(lateral.velocity, arrays["A_mom_after1_5it"], **CLOSE)
    repeat(lateral, x, 400)
    torch.testing.assert_close(lateral.weight, arrays["A_W_after1_2005it"], **CLOSE)
    lateral.freeze()
    inside = x - lateral.project(x)
    torch.testing.assert_close(inside, arrays["A_proj_X1"], rtol=0, atol=2e-6)

    lateral.add(arrays["A_W_init2_full"][3:])
    torch.testing.assert_close(lateral.weight, arrays["A_W_init2_full"], **CLOSE)
    x = arrays["A_X2"]
    lateral.learn(x)
    torch.testing.assert_close(lateral.weight, arrays["A_W_after2_5it"], **CLOSE)
    repeat(lateral, x, 400)
    torch.testing.assert_close(lateral.weight, arrays["A_W_after2_2005it"], **CLOSE)
    gram = lateral.weight @ lateral.weight.T
    torch.testing.assert_close(gram, arrays["A_gram_final"], **CLOSE)


def test_residual_energy_on_fixed_activity_is_that_of_principal_components(arrays):
    lateral, x = grown(arrays), arrays["A_X1"]
    repeat(lateral, x, 401)
    energies = torch.linalg.svdvals(x.double()).square()
    least = float(energies[3:].sum() / energies.sum())
    assert lateral.residual(x) == pytest.approx(least, rel=0.01)


def test_responses_of_spiking_units(arrays):
    y = arrays["B_x"] @ arrays["B_W"].T
    torch.testing.assert_close(y, arrays["B_y_linear"], **CLOSE)
    torch.testing.assert_close(signed_rate(y, 40), arrays["B_y_spiking40_scale20"], **CLOSE)
