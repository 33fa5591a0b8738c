"""Legendre memory units as a layer."""

import numpy as np
import pytest
import torch
from helpers import needs

from axonal import neuro


@pytest.mark.parametrize("backend", ["reference", "chunked", "fft"])
def test_a_cell_of_the_original(backend):
    z = np.load(needs.data("fixtures") / "lmuformer" / "lmuformer_reference.npz")
    layer = neuro.LMU(3, 5, order=8, theta=16.0, backend=backend)
    layer.load_state_dict(
        {
            "memory.A": torch.from_numpy(z["B_A"]),
            "memory.B": torch.from_numpy(z["B_B"][:, 0]),
            "memory.theta_steps": torch.tensor(16.0),
            "hear.weight": torch.from_numpy(z["B_W_u__weight"]),
            "hear.bias": torch.from_numpy(z["B_W_u__bias"]),
            "tell.weight": torch.from_numpy(z["B_W_h__weight"]),
            "tell.bias": torch.from_numpy(z["B_W_h__bias"]),
        }
    )
    h, _ = layer(torch.from_numpy(z["B_x"]).transpose(0, 1))
    for name in ("B_h_parallel", "B_h_recurrent"):
        np.testing.assert_allclose(h.transpose(0, 1).detach(), z[name], rtol=1e-5, atol=1e-6)


def test_a_learned_window():
    torch.manual_seed(0)
    layer = neuro.LMU(1, 1, order=4, theta=10.0, learn="theta")
    h, _ = layer(torch.rand(30, 2, 1))
    h.sum().backward()
    assert layer.memory.log_theta.grad.abs() > 0 and abs(layer.memory.theta - 10) < 1e-5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": 8, "theta": 4.0}, "LegendreMemory expects theta of at least the order 8, got 4"),
        ({"order": 8, "theta": 20.0, "discretization": "euler"}, "theta > 4 q = 32"),
        ({"order": 2, "theta": 4.0, "learn": "order"}, "LegendreMemory can learn theta; got order"),
        (
            {"order": 2, "theta": 4.0, "backend": "cpu"},
            "LegendreMemory knows the backends auto, reference",
        ),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        neuro.LMU(2, 3, **settings)
