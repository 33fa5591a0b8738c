"""What modern Hopfield memories promise for any patterns, masks, heads and numbers of steps."""

import math
import warnings
from collections.abc import Callable

import pytest
import torch
from helpers.modern import EXACT, draw
from hypothesis import given
from hypothesis import strategies as st

from axonal.hebbian.modern import (
    FixedPoint,
    HopfieldAttention,
    HopfieldLayer,
    HopfieldPooling,
    beta_range,
    energy,
    pattern_count,
    regime,
    retrieve,
    separation,
)

seeds = st.integers(0, 2**32 - 1)
betas = st.floats(0.01, 30)
sizes = st.tuples(st.integers(1, 6), st.integers(1, 9))


# --- retrieval and energy ---


@given(seeds, sizes, betas)
def test_no_step_raises_the_energy(seed: int, size: tuple[int, int], beta: float) -> None:
    number, width = size
    state, patterns = draw(seed, (2, 3, width), (2, number, width))
    before = energy(state, patterns, beta)
    for _ in range(6):
        state = retrieve(state, patterns, beta)
        after = energy(state, patterns, beta)
        assert (after <= before + 1e-9 * before.abs().clamp(min=1)).all()
        assert (after >= -1e-9).all()
        before = after


@given(seeds, sizes, betas, st.sampled_from([1, 4, None]))
def test_the_order_of_stored_patterns_does_not_matter(
    seed: int, size: tuple[int, int], beta: float, steps: int | None
) -> None:
    number, width = size
    state, patterns = draw(seed, (3, width), (number, width))
    order = torch.randperm(number, generator=torch.Generator().manual_seed(seed))
    for function in (lambda p: retrieve(state, p, beta, steps=steps), lambda p: energy(state, p)):
        torch.testing.assert_close(function(patterns[order]), function(patterns), **EXACT)


@given(seeds, st.integers(2, 7), betas, st.sampled_from([1, 4, None]), st.data())
def test_masking_patterns_is_removing_them(
    seed: int, number: int, beta: float, steps: int | None, data: st.DataObject
) -> None:
    state, patterns = draw(seed, (3, 4), (number, 4))
    kept = data.draw(st.lists(st.booleans(), min_size=number, max_size=number).filter(any))
    keep = torch.tensor(kept)
    found = retrieve(state, patterns, beta, steps=steps, mask=~keep)
    torch.testing.assert_close(found, retrieve(state, patterns[keep], beta, steps=steps), **EXACT)
    found = energy(state, patterns, beta, mask=~keep)
    torch.testing.assert_close(found, energy(state, patterns[keep], beta), **EXACT)
    masked, removed = regime(state, patterns, beta, mask=~keep), regime(state, patterns[keep], beta)
    assert torch.equal(masked.kind, removed.kind)


def test_every_set_of_a_batch_has_its_own_mask() -> None:
    state, patterns = draw(0, (2, 3, 4), (2, 5, 4))
    mask = torch.tensor([[False, True, False, False, True], [True] * 4 + [False]])
    together = [
        retrieve(state, patterns, 2.0, steps=3, mask=mask),
        energy(state, patterns, 2.0, mask=mask),
        regime(state, patterns, 2.0, mask=mask).kind,
    ]
    for b in range(2):
        rest = patterns[b, ~mask[b]]
        torch.testing.assert_close(together[0][b], retrieve(state[b], rest, 2.0, steps=3))
        torch.testing.assert_close(together[1][b], energy(state[b], rest, 2.0))
        assert torch.equal(together[2][b], regime(state[b], rest, 2.0).kind)


@given(seeds, betas, st.sampled_from([2, 5, None]))
def test_what_a_state_becomes_does_not_depend_on_the_others(
    seed: int, beta: float, steps: int | None
) -> None:
    states, patterns = draw(seed, (4, 5), (6, 5))
    together = retrieve(states, patterns, beta, steps=steps)
    alone = torch.stack([retrieve(state, patterns, beta, steps=steps) for state in states])
    torch.testing.assert_close(together, alone, **EXACT)


def test_several_steps_are_single_steps_one_after_the_other() -> None:
    state, patterns = draw(0, (3, 8), (6, 8))
    once = state
    for steps in range(1, 6):
        once = retrieve(once, patterns, 0.3)
        torch.testing.assert_close(retrieve(state, patterns, 0.3, steps=steps, eps=0), once)


def test_beta_zero_gives_the_mean_and_a_large_one_the_nearest_by_dot_product() -> None:
    state, patterns = draw(1, (5, 8), (6, 8))
    mean = patterns.mean(0).expand(5, 8)
    torch.testing.assert_close(retrieve(state, patterns, 0.0), mean)
    torch.testing.assert_close(retrieve(state, patterns, 1e-9), mean, rtol=0, atol=1e-7)
    nearest = patterns[(state @ patterns.T).argmax(-1)]
    torch.testing.assert_close(retrieve(state, patterns, 1e6), nearest)


def test_until_convergence_ends_at_a_fixed_point() -> None:
    state, patterns = draw(2, (20, 8), (6, 8))
    for beta in (0.05, 0.3, 1.0, 5.0):
        found = retrieve(state, patterns, beta, steps=None, eps=1e-12)
        torch.testing.assert_close(retrieve(found, patterns, beta), found, rtol=0, atol=1e-9)


def test_an_iteration_without_end_is_stopped_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("axonal.hebbian.modern._update.LONGEST", 5)
    state, patterns = draw(3, (3, 8), (6, 8))
    with pytest.warns(RuntimeWarning, match="after 5 steps and was stopped: take a larger eps"):
        retrieve(state, patterns, 0.3, steps=None, eps=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        retrieve(state, patterns, 0.3, steps=9, eps=0)


@given(seeds, betas, st.booleans())
def test_fused_attention_equals_the_reference_with_its_gradients(
    seed: int, beta: float, masked: bool
) -> None:
    tensors = [t.requires_grad_() for t in draw(seed, (2, 3, 5), (2, 4, 5))]
    mask = torch.tensor([[False, True, False, False]] * 2) if masked else None
    (cotangent,) = draw(seed + 1, (2, 3, 5))
    outcomes = []
    for backend in ("auto", "reference"):
        y = retrieve(tensors[0], tensors[1], beta, mask=mask, backend=backend)
        outcomes.append((y, *torch.autograd.grad(y, tensors, cotangent)))
    for fast, reference in zip(*outcomes, strict=True):
        torch.testing.assert_close(fast, reference, rtol=1e-8, atol=1e-9)


def test_gradients_through_several_steps_are_those_of_finite_differences() -> None:
    tensors = [t.requires_grad_() for t in draw(4, (2, 3), (4, 3))]
    assert torch.autograd.gradcheck(lambda s, p: retrieve(s, p, 0.8, steps=3, eps=0), tensors)
    assert torch.autograd.gradcheck(lambda s, p: energy(s, p, 0.8), tensors)


# --- fixed points ---


def test_regimes_go_from_the_mean_over_clusters_to_single_patterns() -> None:
    centres, noise = draw(5, (4, 16), (4, 3, 16))
    patterns = (centres.unsqueeze(1) + 0.15 * noise).flatten(0, 1)
    patterns = patterns / patterns.norm(dim=-1, keepdim=True)
    low, high = beta_range(patterns)
    for beta, kind in ((0.2 * low, FixedPoint.MEAN), (high, FixedPoint.SINGLE)):
        state = retrieve(patterns, patterns, beta, steps=None, eps=1e-10)
        assert set(regime(state, patterns, beta).kind.tolist()) == {kind}
    state = retrieve(patterns, patterns, 12.0, steps=None, eps=1e-10)
    cluster = regime(state, patterns, 12.0)
    assert set(cluster.kind.tolist()) == {FixedPoint.CLUSTER}
    assert set(cluster.patterns.tolist()) == {3}
    assert cluster.moved.max() < 1e-6


def test_above_the_suggested_beta_every_pattern_is_kept() -> None:
    (patterns,) = draw(6, (30, 64))
    high = beta_range(patterns).stored_above
    kept = retrieve(patterns, patterns, high, steps=None)
    assert (kept - patterns).norm(dim=-1).max() < 1e-2
    delta = separation(patterns).min()
    norm = patterns.norm(dim=-1).max()
    needed = 2 / (high * 30) + math.log(2 * 29 * 30 * high * norm**2) / high
    assert float(delta) == pytest.approx(needed, rel=1e-9)


def test_a_pattern_that_is_there_twice_has_no_beta() -> None:
    (patterns,) = draw(7, (4, 8))
    assert beta_range(torch.cat([patterns, patterns[:1]])).stored_above == math.inf
    assert beta_range(torch.ones(3, 4)).mean_below == math.inf


def test_uniform_weights_need_ninety_percent_of_the_patterns() -> None:
    for number in (1, 2, 10, 1000):
        weights = torch.full((number,), 1 / number)
        assert int(pattern_count(weights)) == math.ceil(0.9 * number - 1e-9)
        assert int(pattern_count(weights, 1.0)) == number


# --- bad input ---

x, y = torch.zeros(2, 5, 6), torch.zeros(2, 4, 6)
layer = HopfieldAttention(6)
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no patterns": (lambda: retrieve(x, torch.zeros(2, 0, 6)), "at least one stored pattern"),
    "other size": (lambda: retrieve(x, torch.zeros(4, 5)), "the same D .* and \\(4, 5\\)"),
    "other batch": (lambda: retrieve(x, torch.zeros(3, 4, 6)), "leading axes that broadcast"),
    "one pattern without axis": (lambda: retrieve(x, x[0, 0]), "Write patterns.unsqueeze"),
    "negative beta": (lambda: retrieve(x, y, -1.0), "finite and >= 0, got -1.0"),
    "energy at beta 0": (lambda: energy(x, y, 0.0), "finite and > 0, got 0.0"),
    "no steps": (lambda: retrieve(x, y, steps=0), "n extra steps are steps=n \\+ 1"),
    "nan eps": (lambda: retrieve(x, y, eps=math.nan), "eps to be a finite"),
    "unknown backend": (lambda: retrieve(x, y, backend="cuda"), "'auto', 'reference', got 'cuda'"),
    "precision": (lambda: retrieve(x, y.double()), "of one precision"),
    "everything masked": (
        lambda: retrieve(x, y, mask=torch.ones(2, 4, dtype=torch.bool)),
        "leave no stored pattern at index .* Write ~mask",
    ),
    "mask of numbers": (lambda: retrieve(x, y, mask=torch.zeros(2, 4)), "as bool, True to ignore"),
    "mass": (lambda: pattern_count(torch.ones(3) / 3, 0.0), "mass above 0"),
    "one pattern": (lambda: separation(torch.zeros(1, 3)), "at least two patterns, got N = 1"),
    "heads that do not divide": (lambda: HopfieldAttention(6, num_heads=4), "give hidden_size"),
    "static of another size": (
        lambda: HopfieldAttention(6, 4, static_state=True),
        "input_size = 6 has to be hidden_size = 4",
    ),
    "static values": (
        lambda: HopfieldAttention(6, pattern_size=3, static_values=True),
        "pattern_size = 3 has to be 6",
    ),
    "betas": (lambda: HopfieldAttention(6, num_heads=2, beta=(1, 2, 3)), "one per head"),
    "size without a projection": (
        lambda: HopfieldAttention(6, 4, 5, output_projection=False),
        "needs output_projection=True",
    ),
    "two kinds of values": (
        lambda: HopfieldLayer(6, separate_values=True, values_from_stored=True),
        "separate or made of the stored patterns",
    ),
    "no queries": (lambda: HopfieldPooling(6, quantity=0), "quantity to be a whole number >= 1"),
    "wrong feature axis": (lambda: layer(x.mT), "Size 6 stands on axis 1: write state.transpose"),
    "one set": (lambda: layer(x[0]), "Write state.unsqueeze\\(0\\)"),
    "batches": (lambda: layer(x, y[:1]), "batch B = 2 of its other inputs, got \\(1, 4, 6\\)"),
    "parameters of another precision": (lambda: layer(x.double()), "its parameters and state"),
    "values for other patterns": (lambda: layer(x, y, x), "one value a stored pattern, got N = 5"),
    "association mask": (
        lambda: layer(x, y, association_mask=torch.zeros(4, 5)),
        "with \\(B, heads, S, N\\) = \\(2, 1, 5, 4\\), got \\(4, 5\\)",
    ),
    "padding mask": (
        lambda: layer(x, y, padding_mask=torch.zeros(2, 5, dtype=torch.bool)),
        "\\(2, 4\\) as bool, .* got \\(2, 5\\)",
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: retrieve([1.0], y), "as a tensor, got list"),
        (lambda: retrieve(x, y.int()), "write patterns.float"),
        (lambda: layer(x.int()), "write state.float"),
        (lambda: retrieve(x, y, beta="hot"), "beta as one number, got 'hot'"),
        (
            lambda: layer(x, y, association_mask=torch.zeros(5, 4, dtype=torch.int)),
            "as bool .* or floating point",
        ),
    ],
)
def test_what_is_of_a_wrong_kind_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()
