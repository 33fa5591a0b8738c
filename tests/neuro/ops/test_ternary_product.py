"""Packed ternary weights: two bits each, exact sums, the layer that was packed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal import neuro
from axonal.neuro.ops.ternary_product import pack, ternary_product, unpack

pytest.importorskip("numba")


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.integers(1, 23), st.integers(1, 9), st.integers(0, 99))
def test_packed_products_are_exact(rows, inputs, outputs, seed):
    rng = np.random.default_rng(seed)
    signs = rng.integers(-1, 2, (outputs, inputs))
    x = rng.integers(-128, 128, (rows, inputs)).astype(np.float32)
    packed = pack(signs)
    assert packed.nbytes == outputs * -(-inputs // 4)
    assert np.array_equal(unpack(packed, inputs), signs)
    for backend in ("cpu", "reference"):
        assert np.array_equal(ternary_product(x, packed, backend=backend), x @ signs.T)


@pytest.mark.parametrize("events", [False, True])
def test_a_packed_layer_answers_as_the_layer_does(events):
    torch.manual_seed(0)
    layer = neuro.BitLinear(37, 12, events=events)
    x = (torch.rand(5, 2, 37) < 0.3).float() if events else torch.randn(5, 2, 37)
    packed = neuro.PackedBitLinear(layer)
    torch.testing.assert_close(packed(x), layer(x).detach(), rtol=1e-5, atol=1e-6)
    assert packed.packed.nbytes * 8 <= 2 * layer.weight.numel() + 12 * 8
    model = neuro.TernaryLM(7, size=12, layers=2, hidden=8, spiking=events).eval()
    tokens = torch.randint(7, (9, 2))
    torch.testing.assert_close(
        neuro.PackedBitLinear.everywhere(model)(tokens)[0], model(tokens)[0], rtol=1e-4, atol=1e-5
    )
    assert not any(type(m) is neuro.PackedBitLinear for m in model.modules())


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="of -1, 0 and 1"):
        pack(np.array([[2]]))
    with pytest.raises(ValueError, match="expects x"):
        ternary_product(np.zeros((1, 9), np.float32), pack(np.ones((1, 4), int)))
    with pytest.raises(ValueError, match="knows auto, reference and cpu"):
        ternary_product(np.zeros((1, 4), np.float32), pack(np.ones((1, 4), int)), backend="gpu")
