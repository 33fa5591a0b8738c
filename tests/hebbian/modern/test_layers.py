"""Modern Hopfield layers: steps, stopping, masks, heads, and checkpoints of the original."""

import pytest
import torch
from helpers.modern import EXACT, PLAIN, STATIC, draw, shake
from helpers.modern_checkpoints import official
from hypothesis import given
from hypothesis import strategies as st

from axonal.hebbian.modern import HopfieldAttention, HopfieldLayer, HopfieldPooling

seeds = st.integers(0, 2**32 - 1)


def test_n_extra_steps_are_n_plus_one_softmaxes(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    softmax = torch.softmax
    monkeypatch.setattr(torch, "softmax", lambda *a: called.append(1) or softmax(*a))
    (x,) = draw(8, (2, 5, 8))
    layer = shake(HopfieldAttention(8, num_heads=2, steps=4, eps=0), 8)
    layer(x)
    assert len(called) == 4
    called.clear()
    shake(HopfieldAttention(8, num_heads=2, steps=1, backend="reference"), 8)(x)
    assert len(called) == 1


@pytest.mark.parametrize("beta", [None, 2.0, (0.5, 3.0)])
@pytest.mark.parametrize("official", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_one_step_layers_equal_their_reference_with_every_gradient(
    beta: float | tuple[float, float] | None, official: bool, masked: bool
) -> None:
    inputs = [t.requires_grad_() for t in draw(9, (3, 4, 6), (3, 5, 7), (3, 5, 3))]
    masks = {}
    if masked:
        empty = torch.zeros(3, 5, dtype=torch.bool)
        empty[1, 2:] = True
        masks = {"padding_mask": empty, "association_mask": torch.eye(4, 5, dtype=torch.bool)}
    outcomes = []
    for backend in ("auto", "reference"):
        layer = HopfieldAttention(
            6,
            4,
            5,
            num_heads=2,
            beta=beta,
            stored_size=7,
            value_size=3,
            official=official,
            backend=backend,
        )
        shake(layer, 10)
        y = layer(*inputs, **masks)
        wanted = [*inputs, *layer.parameters()]
        outcomes.append((y, *torch.autograd.grad(y.square().sum(), wanted)))
    for fast, reference in zip(*outcomes, strict=True):
        torch.testing.assert_close(fast, reference, rtol=1e-8, atol=1e-9)


def test_betas_of_heads_are_those_of_layers_with_one_head() -> None:
    (x,) = draw(11, (2, 5, 8))
    betas = (0.5, 3.0)
    both = shake(HopfieldAttention(8, num_heads=2, beta=betas), 12)
    weights = both.association(x)
    for head, beta in enumerate(betas):
        single = HopfieldAttention(8, 4, beta=beta).double()
        rows = slice(4 * head, 4 * head + 4)
        for name in ("state", "stored"):
            whole, part = (getattr(m, f"{name}_projection") for m in (both, single))
            part.weight.data, part.bias.data = whole.weight[rows], whole.bias[rows]
            getattr(single, f"{name}_norm").load_state_dict(
                getattr(both, f"{name}_norm").state_dict()
            )
        torch.testing.assert_close(weights[:, head : head + 1], single.association(x), **EXACT)


def test_the_official_betas_are_tiled_over_features() -> None:
    (x,) = draw(13, (2, 5, 8))
    layers = [
        shake(HopfieldAttention(8, num_heads=2, beta=(0.5, 3.0), official=official), 14)
        for official in (False, True)
    ]
    right, tiled = (layer.association(x) for layer in layers)
    layer = layers[1]
    q = layer.state_projection(layer.state_norm(x)) * torch.tensor([0.5, 3.0] * 4).double()
    k = layer.stored_projection(layer.stored_norm(x))
    heads = [
        torch.softmax(a @ b.mT, -1) for a, b in zip(q.split(4, -1), k.split(4, -1), strict=True)
    ]
    torch.testing.assert_close(tiled, torch.stack(heads, 1), rtol=1e-6, atol=1e-7)
    assert (right - tiled).abs().max() > 0.1


def test_equal_betas_of_heads_are_one_beta() -> None:
    (x,) = draw(15, (2, 5, 8))
    layers = [
        shake(HopfieldAttention(8, num_heads=2, beta=beta, official=official, steps=3), 16)
        for beta, official in ((0.5, False), ((0.5, 0.5), False), ((0.5, 0.5), True))
    ]
    first, *others = (layer(x) for layer in layers)
    for other in others:
        torch.testing.assert_close(other, first)


def test_a_head_that_stopped_keeps_its_weights_while_others_go_on() -> None:
    # the first head has beta 0 and stops at once; the second one needs many steps
    (x,) = draw(17, (2, 5, 8))
    layer = shake(HopfieldAttention(8, num_heads=2, beta=(0.0, 0.9), steps=None), 18)
    one, many = (
        shake(HopfieldAttention(8, num_heads=2, beta=(0.0, 0.9), steps=n, eps=0), 18)
        for n in (1, 200)
    )
    found = layer.association(x)
    torch.testing.assert_close(found[:, 0], one.association(x)[:, 0])
    torch.testing.assert_close(found[:, 1], many.association(x)[:, 1], rtol=0, atol=1e-2)
    assert (found[:, 1] - one.association(x)[:, 1]).abs().max() > 0.01


@given(seeds, st.sampled_from([1, 3]), st.data())
def test_padding_is_as_if_it_were_not_there(seed: int, steps: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 5))
    x, junk = draw(seed, (2, length, 6), (2, 3, 6))
    padded = torch.cat([x, 1e3 * junk], 1)
    mask = torch.tensor([[False] * length + [True] * 3] * 2)
    pool = shake(HopfieldPooling(6, 4, 5, num_heads=2, quantity=3, steps=steps), seed)
    torch.testing.assert_close(pool(padded, padding_mask=mask), pool(x), **EXACT)


@given(seeds, st.sampled_from([1, 3]))
def test_pooling_does_not_see_the_order_of_a_set(seed: int, steps: int) -> None:
    (x,) = draw(seed, (2, 7, 6))
    order = torch.randperm(7, generator=torch.Generator().manual_seed(seed))
    pool = shake(HopfieldPooling(6, 4, 5, num_heads=2, quantity=3, steps=steps), seed)
    torch.testing.assert_close(pool(x[:, order]), pool(x), **EXACT)


def test_pooling_is_attention_with_its_queries_as_states() -> None:
    (x,) = draw(19, (2, 7, 6))
    pool = shake(HopfieldPooling(6, 4, 5, num_heads=2, quantity=3), 20)
    states = pool.queries.expand(2, -1, -1)
    torch.testing.assert_close(pool(x), pool.attention(states, x).reshape(2, 15))
    assert pool.output_size == 15
    assert pool.association(x).shape == (2, 2, 3, 7)


def test_a_lookup_is_attention_with_its_patterns_stored() -> None:
    (x,) = draw(21, (2, 7, 6))
    for separate in (False, True):
        layer = shake(HopfieldLayer(6, 4, 5, quantity=9, separate_values=separate), 22)
        stored = layer.lookup.expand(2, -1, -1)
        values = layer.targets.expand(2, -1, -1) if separate else None
        torch.testing.assert_close(layer(x), layer.attention(x, stored, values))
        assert layer.association(x).shape == (2, 1, 7, 9)


def test_values_can_be_made_of_the_projected_stored_patterns() -> None:
    (x,) = draw(23, (2, 7, 6))
    layer = shake(HopfieldAttention(6, 4, 5, num_heads=2, values_from_stored=True), 24)
    keys = layer.stored_projection(layer.stored_norm(x))
    values = layer.value_projection(keys).unflatten(-1, (2, 4)).transpose(1, 2)
    found = (layer.association(x) @ values).transpose(1, 2).flatten(2)
    torch.testing.assert_close(layer(x), layer.output(found))


def test_initial_weights_are_small_and_biases_zero() -> None:
    torch.manual_seed(0)
    pool = HopfieldPooling(200, quantity=50)
    for name, parameter in pool.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any()
        elif "norm" not in name:
            assert float(parameter.detach().std()) == pytest.approx(0.02, rel=0.03), name


def test_default_betas() -> None:
    assert HopfieldAttention(32, num_heads=2).beta == 0.25
    assert HopfieldAttention(32, **STATIC).beta == 1.0


def test_dropout_acts_on_the_associations_in_training_only() -> None:
    (x,) = draw(25, (2, 7, 6))
    for steps in (1, 2):
        layer = shake(HopfieldAttention(6, dropout=0.5, steps=steps), 26)
        assert not torch.equal(layer(x), layer(x))
        layer.eval()
        assert torch.equal(layer(x), layer(x))


@pytest.mark.parametrize("steps", [1, 3, None])
def test_an_empty_batch_stays_empty(steps: int | None) -> None:
    pool = HopfieldPooling(6, quantity=2, steps=steps)
    assert pool(torch.zeros(0, 7, 6)).shape == (0, 12)


def test_a_saved_layer_comes_back() -> None:
    (x,) = draw(27, (2, 7, 6))
    first, second = (
        HopfieldPooling(6, quantity=2, num_heads=2, beta=b).double() for b in ((1.0, 2.0), (1, 1))
    )
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(second(x), first(x))


@pytest.mark.parametrize("steps", [1, 3])
def test_layers_compile_as_one_graph(steps: int) -> None:
    (x,) = draw(28, (2, 7, 6))
    pool = shake(HopfieldPooling(6, quantity=2, num_heads=2, beta=(1.0, 2.0), steps=steps), 29)
    mask = torch.zeros(2, 7, dtype=torch.bool)
    mask[0, 3:] = True
    compiled = torch.compile(pool, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x, padding_mask=mask), pool(x, padding_mask=mask))


# --- checkpoints of the original ---


CHECKPOINTS: dict[str, dict[str, object]] = {
    "projected": {"num_heads": 2},
    "static values": {"num_heads": 2, "static_values": True},
    "static state": {"static_state": True},
    "no norms": {"num_heads": 2, **PLAIN},
}


@pytest.mark.parametrize("options", CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_layers_come_back_from_checkpoints_of_the_original(options: dict[str, object]) -> None:
    (x,) = draw(30, (2, 7, 6))
    given = {"num_heads": options.get("num_heads", 1), "beta": 0.9, "steps": 2}
    options = {**options, "beta": 0.9, "steps": 2}
    hidden = 6 if "static_state" in options else 4
    attention = shake(HopfieldAttention(6, hidden, 5, **options), 31)
    back = HopfieldAttention.from_official(official(attention), **given).double()
    torch.testing.assert_close(back(x), attention(x))

    pool = shake(HopfieldPooling(6, hidden, 5, quantity=3, **options), 32)
    weights = {**official(pool.attention, "hopfield."), "pooling_weights": pool.queries.detach()}
    back = HopfieldPooling.from_official(weights, input_size=6, **given).double()
    torch.testing.assert_close(back(x), pool(x))

    for separate in (False, True):
        layer = HopfieldLayer(6, hidden, 5, quantity=3, separate_values=separate, **options)
        shake(layer, 33)
        weights = official(layer.attention, "hopfield.")
        weights["lookup_weights"] = layer.lookup.detach()
        if separate:
            weights["target_weights"] = layer.targets.detach()
        back = HopfieldLayer.from_official(weights, input_size=6, **given).double()
        torch.testing.assert_close(back(x), layer(x))


def test_pooling_without_any_projection_is_its_queries() -> None:
    (x,) = draw(36, (2, 7, 6))
    static = {**STATIC, **PLAIN, "output_projection": False}
    pool = shake(HopfieldPooling(6, quantity=3, **static), 37)
    weights = {"pooling_weights": pool.queries.detach()}
    back = HopfieldPooling.from_official(weights, input_size=6, stored_size=6, num_heads=1).double()
    assert [name for name, _ in back.named_parameters()] == ["queries"]
    torch.testing.assert_close(back(x), pool(x))


def test_packed_projections_of_the_original_are_taken_apart() -> None:
    (x,) = draw(34, (2, 7, 6))
    layer = shake(HopfieldAttention(6, num_heads=2), 35)
    weights = official(layer)
    parts = [weights.pop(f"association_core.{letter}_proj_weight") for letter in "qkv"]
    weights["association_core.in_proj_weight"] = torch.cat(parts)
    back = HopfieldAttention.from_official(weights, num_heads=2).double()
    torch.testing.assert_close(back(x), layer(x))
