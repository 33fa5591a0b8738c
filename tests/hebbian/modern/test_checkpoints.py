"""Checkpoints of the original Hopfield layers: what they cannot tell is asked for."""

import pytest
import torch
from helpers.modern import draw, shake
from helpers.modern_checkpoints import official
from torch import Tensor

from axonal.hebbian.modern import HopfieldAttention, HopfieldLayer, HopfieldPooling


def packed(layer: HopfieldAttention) -> dict[str, Tensor]:
    """The checkpoint of the original for patterns of one size, whose projections are packed."""
    weights = official(layer)
    parts = [weights.pop(f"association_core.{c}_proj_weight", None) for c in "qkv"]
    weights["association_core.in_proj_weight"] = torch.cat([w for w in parts if w is not None])
    return weights


@pytest.mark.parametrize("kind", [HopfieldAttention, HopfieldPooling, HopfieldLayer])
def test_the_number_of_heads_is_asked_for(kind: type) -> None:
    layer = shake(kind(6, num_heads=2), 50)
    core = layer if kind is HopfieldAttention else layer.attention
    weights = official(core, "" if core is layer else "hopfield.")
    for theirs, own in (("pooling_weights", "queries"), ("lookup_weights", "lookup")):
        if hasattr(layer, own):
            weights[theirs] = getattr(layer, own).detach()
    for given in ({}, {"num_heads": None}):
        with pytest.raises(ValueError, match=r"expects num_heads, which no tensor .* tells"):
            kind.from_official(weights, **given)
    with pytest.raises(ValueError, match="num_heads to be a whole number >= 1, got 0"):
        kind.from_official(weights, num_heads=0)
    (x,) = draw(51, (2, 5, 6))
    torch.testing.assert_close(kind.from_official(weights, num_heads=2).double()(x), layer(x))


def test_betas_of_heads_load_into_a_layer_that_spreads_them_as_the_original() -> None:
    (x,) = draw(52, (2, 5, 8))
    betas = (0.5, 3.0)
    right, tiled = (
        shake(HopfieldAttention(8, num_heads=2, beta=betas, official=o), 53) for o in (False, True)
    )
    weights = official(tiled)
    with pytest.raises(ValueError, match=r"one beta per head, \[0.5, 3.0\].* official=True") as e:
        HopfieldAttention(8, num_heads=2, beta=betas).load_official(weights)
    assert "\n" not in str(e.value)
    layer = HopfieldAttention(8, num_heads=2, beta=betas, official=True).double()
    layer.load_official(weights)
    torch.testing.assert_close(layer(x), tiled(x))
    layer = HopfieldAttention(8, num_heads=2, beta=betas).double()
    layer.load_official(weights, official=False)
    torch.testing.assert_close(layer(x), right(x))
    for beta in (None, 0.5, (0.5, 0.5)):  # no difference to tell
        HopfieldAttention(8, num_heads=2, beta=beta).load_official(weights)


@pytest.mark.parametrize("kind", [HopfieldPooling, HopfieldLayer])
def test_so_do_pooling_and_lookup(kind: type) -> None:
    (x,) = draw(54, (2, 5, 6))
    options = {"num_heads": 2, "beta": (0.5, 3.0), "quantity": 3}
    given = {"num_heads": 2, "beta": (0.5, 3.0)}
    layer = shake(kind(6, official=True, **options), 55)
    weights = official(layer.attention, "hopfield.")
    own = {HopfieldPooling: ("pooling_weights", "queries")}
    theirs, mine = own.get(kind, ("lookup_weights", "lookup"))
    weights[theirs] = getattr(layer, mine).detach()
    with pytest.raises(ValueError, match=r"one beta per head"):
        kind(6, **options).load_official(weights)
    torch.testing.assert_close(kind.from_official(weights, **given).double()(x), layer(x))
    back = kind.from_official(weights, official=False, **given).double()
    assert (back(x) - layer(x)).abs().max() > 1e-6


STATIC = ({}, {"static_state": True}, {"static_stored": True}, {"static_values": True})


@pytest.mark.parametrize("static", STATIC, ids=str)
def test_packed_projections_say_which_patterns_are_static_only_by_their_number(
    static: dict[str, bool],
) -> None:
    (x,) = draw(56, (2, 5, 6))
    layer = shake(HopfieldAttention(6, 6, num_heads=2, **static), 57)
    weights = packed(layer)
    given = {"num_heads": 2, "input_size": 6, "stored_size": 6, "value_size": 6}
    if static:
        # two projections of 12 rows, once read as three of 6, 6 and 12
        with pytest.raises(ValueError, match="say which patterns are static"):
            HopfieldAttention.from_official(weights, **given)
    back = HopfieldAttention.from_official(weights, **given, **static).double()
    torch.testing.assert_close(back(x), layer(x))


def test_packed_projections_without_an_output_ask_for_the_size_of_a_head() -> None:
    (x,) = draw(58, (2, 5, 6))
    layer = shake(HopfieldAttention(6, 2, num_heads=3, output_projection=False), 59)
    parts = [layer.state_projection, layer.stored_projection, layer.value_projection]
    weights = {
        "association_core.in_proj_weight": torch.cat([p.weight for p in parts]),
        "association_core.in_proj_bias": torch.cat([p.bias for p in parts]),
    }
    for side in ("state", "stored", "value"):
        name = "pattern_projection" if side == "value" else f"{side}_pattern"
        for part in ("weight", "bias"):
            weights[f"norm_{name}.{part}"] = getattr(getattr(layer, f"{side}_norm"), part)
    with pytest.raises(ValueError, match="give hidden_size"):
        HopfieldAttention.from_official(weights, num_heads=3)
    back = HopfieldAttention.from_official(weights, num_heads=3, hidden_size=2).double()
    torch.testing.assert_close(back(x), layer(x))


def test_norms_of_the_association_space_come_along_and_hold_the_heads() -> None:
    (x,) = draw(60, (2, 5, 6))
    layer = shake(HopfieldAttention(6, num_heads=2, normalize_association=True), 61)
    weights = official(layer)
    for part in ("weight", "bias"):
        weights[f"association_core.p_norm_{part}"] = getattr(layer.association_norm, part)
    back = HopfieldAttention.from_official(weights, num_heads=2).double()
    torch.testing.assert_close(back(x), layer(x))
    with pytest.raises(ValueError, match=r"association_norm.weight \(2,\), .* holds \(3,\)"):
        HopfieldAttention.from_official(weights, num_heads=3)


CONTRADICTIONS = {
    "size of a state": {"input_size": 5},
    "no output": {"output_projection": False},
    "no norm": {"normalize_state": False},
    "static state": {"static_state": True, "hidden_size": 6},
    "size of a head": {"hidden_size": 2},
    "heads": {"num_heads": 4},
}


@pytest.mark.parametrize("given", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_contradicts_a_checkpoint_is_refused_in_one_line(given: dict[str, object]) -> None:
    layer = shake(HopfieldAttention(6, num_heads=2), 62)
    for weights in (official(layer), packed(layer)):
        with pytest.raises(ValueError) as caught:
            HopfieldAttention.from_official(weights, **{"num_heads": 2, **given})
        assert "\n" not in str(caught.value)
