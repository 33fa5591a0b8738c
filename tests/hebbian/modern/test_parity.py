"""Modern Hopfield layers return what the published ones return, from their own checkpoints."""

import pytest
import torch
from helpers.modern import PLAIN, STATIC
from helpers.neuro_fixtures import golden

from axonal.hebbian.modern import HopfieldAttention, energy, retrieve

CLOSE = {"rtol": 0, "atol": 1e-6}


@pytest.fixture(scope="module")
def arrays():
    return golden("hopfield/hopfield_reference.npz")


def checkpoint(arrays):
    names = [name for name in arrays if name.startswith(("B_association", "B_norm"))]
    return {name.removeprefix("B_").replace("__", "."): arrays[name] for name in names}


@pytest.mark.parametrize("extra", [0, 1, 3, 50])
def test_retrieval_after_extra_steps(arrays, extra):
    found = retrieve(arrays["A_Q"], arrays["A_K"], 0.7, steps=extra + 1, eps=1e-6)
    torch.testing.assert_close(found, arrays[f"A_out_steps{extra}"], **CLOSE)


@pytest.mark.parametrize("backend", ["auto", "reference"])
@pytest.mark.parametrize("extra", [0, 1, 3, 50])
def test_static_layers_without_norms_are_retrieval(arrays, extra, backend):
    layer = HopfieldAttention(
        8,
        beta=0.7,
        steps=extra + 1,
        eps=1e-6,
        output_projection=False,
        backend=backend,
        **STATIC,
        **PLAIN,
    )
    out = layer(arrays["A_Q"], arrays["A_K"])
    torch.testing.assert_close(out, arrays[f"A_out_steps{extra}"], **CLOSE)
    weights = layer.association(arrays["A_Q"], arrays["A_K"])
    torch.testing.assert_close(weights, arrays[f"A_assoc_steps{extra}"], **CLOSE)


def test_energies_along_six_updates(arrays):
    state, patterns = arrays["A_Q"][0, 0], arrays["A_K"][0]
    found = [energy(state, patterns, 0.7)]
    for _ in range(5):
        state = retrieve(state, patterns, 0.7)
        found.append(energy(state, patterns, 0.7))
    expected = [4.753750, 4.019434, 3.986535, 3.965409, 3.944222, 3.914962]
    # the published row was computed in float32: its fourth value is 2e-6 off
    torch.testing.assert_close(torch.stack(found), torch.tensor(expected), rtol=0, atol=3e-6)


def test_two_heads_with_projections_norms_and_a_mask_from_the_original_checkpoint(arrays):
    layer = HopfieldAttention.from_official(checkpoint(arrays), num_heads=2, beta=0.4, steps=3)
    given = arrays["B_state"], arrays["B_stored"]
    found = layer(*given, arrays["B_proj"], padding_mask=arrays["B_mask"])
    torch.testing.assert_close(found, arrays["B_out"], rtol=2e-6, atol=1e-6)
    weights = layer.association(*given, padding_mask=arrays["B_mask"])
    torch.testing.assert_close(weights, arrays["B_assoc"], **CLOSE)
    assert arrays["B_mask"].any()


def test_sizes_are_read_off_the_original_checkpoint(arrays):
    layer = HopfieldAttention.from_official(checkpoint(arrays), num_heads=2)
    sizes = (layer.input_size, layer.stored_size, layer.value_size, layer.output_size)
    assert sizes == (8, 7, 9, 4)
    assert (layer.hidden_size, layer.pattern_size) == (5, 6)


def test_a_checkpoint_of_other_sizes_is_refused_by_name(arrays):
    layer = HopfieldAttention(8, 5, 4, num_heads=2, stored_size=7, value_size=9, pattern_size=3)
    with pytest.raises(ValueError, match=r"32 rows where 10 .* 10 .* 6 are expected"):
        layer.load_official(checkpoint(arrays))
    with pytest.raises(ValueError, match=r"no place for association_core\.bias_k"):
        HopfieldAttention.from_official(
            {**checkpoint(arrays), "association_core.bias_k": torch.zeros(1)}, num_heads=2
        )
    with pytest.raises(ValueError, match=r"begin with 'association_core\.', got weight"):
        HopfieldAttention.from_official({"weight": torch.zeros(2)})
