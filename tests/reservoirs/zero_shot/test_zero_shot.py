"""Zero-shot learning: unseen classes are found where modalities share something, by the seed."""

import numpy as np
import pytest
import torch

from axonal.reservoirs import ResistiveLiquid, Retrieval, ZeroShot
from axonal.reservoirs.zero_shot._pairs import pairs

RNG = np.random.default_rng(7)
# Two modalities are two random views of the same properties of a class.
CLASSES, PROPERTIES = 12, 4
HIDDEN = RNG.standard_normal((CLASSES, PROPERTIES))
VIEWS = RNG.standard_normal((2, PROPERTIES, 30))


def samples(
    classes: list[int], number: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(classes, number)
    noise = 0.3 * rng.standard_normal((2, len(labels), 30))
    first, second = HIDDEN[labels] @ VIEWS + noise
    return first, second, labels


def test_unseen_classes_are_found_where_modalities_share_properties() -> None:
    first, second, labels = samples(list(range(10)), 30, 0)
    unseen = samples([10, 11], 30, 1)
    model = ZeroShot(size=16, epochs=20).fit(first, second, labels)
    found = model.evaluate(*unseen)
    assert (found.classes, found.chance, found.queries) == (2, 0.5, 60)
    assert found.accuracy > 0.9 and found.interval[0] > 0.5
    back = model.evaluate(*unseen, ask="first")
    assert back.accuracy > 0.9
    assert model.history[-1] < 0.7 * model.history[0]
    # learned from pairs of wrong classes, seen classes are lost
    wrong = ZeroShot(size=16, epochs=20).fit(first, second, labels, (labels + 1) % 10)
    assert wrong.evaluate(first, second, labels).accuracy < 0.1


def test_the_same_seed_learns_the_same() -> None:
    first, second, labels = samples([0, 1, 2], 10, 0)
    one, same, other = (
        ZeroShot(size=8, epochs=2, seed=s).fit(first, second, labels, labels) for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.embed(first, "first"), same.embed(first, "first"))
    assert (one.embed(first, "first") != other.embed(first, "first")).any()
    # a second call starts from the beginning, and leaves torch's own generator alone
    before = torch.get_rng_state()
    again = one.fit(first, second, labels, labels).embed(first, "first")
    np.testing.assert_array_equal(again, same.embed(first, "first"))
    assert torch.equal(before, torch.get_rng_state())


def test_a_model_can_be_asked_after_each_epoch() -> None:
    first, second, labels = samples([0, 1, 2], 10, 0)
    model, told = ZeroShot(size=8, epochs=3), []
    model.fit(
        first, second, labels, after_epoch=lambda k: told.append((k, model.embed(first, "first")))
    )
    assert [k for k, _ in told] == [1, 2, 3]
    assert (told[0][1] != told[1][1]).any()
    np.testing.assert_array_equal(told[2][1], model.embed(first, "first"))


def test_retrieval_does_not_change_with_a_common_rotation() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 20, 6))
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    model = ZeroShot(size=8, epochs=1, normalise=False).fit(a, b, np.arange(20) % 4)
    z, y = model.embed(a, "first"), model.embed(b, "second")
    np.testing.assert_array_equal(model.retrieve(a, b), (y @ z.T).argmax(1))
    turn = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    np.testing.assert_array_equal(((y @ turn) @ (z @ turn).T).argmax(1), model.retrieve(a, b))


def test_directions_or_dot_products_are_compared() -> None:
    first, second, labels = samples([0, 1, 2], 10, 0)
    model = ZeroShot(size=8, epochs=1).fit(first, second, labels)
    np.testing.assert_allclose(np.linalg.norm(model.embed(first, "first"), axis=1), 1, rtol=1e-5)
    original = ZeroShot.published(size=8, epochs=1)
    assert (original.loss, original.normalise, original.batch) == ("soft-target", False, 8)
    lengths = np.linalg.norm(original.fit(first, second, labels).embed(first, "first"), axis=1)
    assert lengths.std() > 0.01


def test_liquids_encode_and_are_trained_if_they_are_modules() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    rate = np.where(labels == 1, 0.5, 0.2)[None, :, None]
    x, y = (rng.random((2, 15, 40, 6)) < rate).astype(float)
    liquids = [ResistiveLiquid.random(6, 20, scale=0.5, seed=s) for s in (1, 2)]
    fixed = ZeroShot([liquid.features for liquid in liquids], size=8, learning_rate=1e-2)
    assert fixed.fit(x, y, labels, labels).evaluate(x, y, labels).accuracy > 0.7
    layers = [liquid.trained() for liquid in liquids]
    start = [p.detach().clone() for p in layers[0].parameters()]
    trained = ZeroShot(layers, size=8, learning_rate=1e-2, epochs=10).fit(x, y, labels, labels)
    assert trained.evaluate(x, y, labels).accuracy > 0.7
    # a copy was trained
    for before, after in zip(start, layers[0].parameters(), strict=True):
        assert torch.equal(before, after)
    inner = trained._sides["first"].encoder
    assert (inner.input_weights != layers[0].input_weights).any()


def test_pairs_are_of_one_class_and_use_all() -> None:
    first, second = np.array([0] * 7 + [1] * 3), np.array([1] * 5 + [0] * 2)
    left, right = pairs(first, second, "random", np.random.default_rng(0))
    np.testing.assert_array_equal(first[left], second[right])
    assert len(left) == 12
    assert set(left) == set(range(10)) and set(right) == set(range(7))
    left, right = pairs(first, second, "index", np.random.default_rng(0))
    np.testing.assert_array_equal(left, [0, 1, 7, 8, 9])
    np.testing.assert_array_equal(right, [5, 6, 0, 1, 2])


def test_the_interval_is_wilsons() -> None:
    # n = 10, all right: n / (n + z^2)
    low, high = Retrieval(10, 10, 2, 0.5).interval
    assert (low, high) == (pytest.approx(10 / (10 + 1.959964**2)), pytest.approx(1.0))


def test_chance_counts_the_items() -> None:
    first, second, labels = samples([0, 1], 10, 0)
    model = ZeroShot(size=4, epochs=1).fit(first, second, labels)
    found = model.evaluate(first[5:], second[:10], labels[5:], labels[:10])
    assert found.chance == pytest.approx(5 / 15)


def test_some_silent_samples_are_told_of() -> None:
    first, second, labels = samples([0, 1], 10, 0)
    first[3] = 0
    with pytest.warns(UserWarning, match="1 of 20 first samples have features that are all zero"):
        model = ZeroShot(size=4, epochs=1).fit(first, second, labels)
    assert np.isfinite(model.embed(first, "first")).all()


A, B, Y = samples([0, 1, 2], 5, 0)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda m: m.fit(A, B, np.zeros(15, int)), "at least two classes"),
        (lambda m: m.fit(A, B[:10], Y), "15.*|10 samples and 15 labels: are they pairs"),
        (lambda m: m.fit(A, B[:10], Y, Y), "10 samples and 15 labels"),
        (lambda m: m.fit(A, B, Y, Y + 1), "only one of them has class 0"),
        (lambda m: m.fit(A * np.nan, B, Y), r"finite first \[B, F\], got nan"),
        (lambda m: m.fit(A[:0], B[:0], Y[:0]), "at least one"),
        (lambda m: m.fit(A, B, Y / 2), "whole numbers"),
        (lambda m: m.fit(A, 0 * B, Y), "all 15 second samples have the same features"),
        (lambda m: m.fit(A[:, None], B, Y), r"expects first \[B, F\], got shape"),
        (lambda m: m.embed(A, "first"), "not trained yet"),
        (lambda m: m.embed(A, "audio"), "side as one of first, second"),
        (lambda m: m.fit(A, B, Y).embed(A[:, :5], "first"), "30 features, got 5"),
        (lambda m: m.fit(A, B, Y).evaluate(A, B, Y * 0, Y), "class 1 is not"),
        (lambda m: m.fit(A, B, Y).evaluate(A, B, Y, Y[:-1]), "15 queries with 14 labels"),
        (lambda m: ZeroShot(loss="triplet"), "info-nce, soft-target"),
        (lambda m: ZeroShot(batch=1), "batch"),
        (lambda m: ZeroShot(encoders=(3, None)), "liquid.features"),
        (lambda m: ZeroShot(temperature=0), "temperature"),
    ],
)  # fmt: skip
def test_errors_are_one_line(call, told: str) -> None:
    with pytest.raises((ValueError, TypeError), match=told) as error:
        call(ZeroShot(size=4, epochs=1))
    assert "\n" not in str(error.value)


def test_learning_that_runs_away_is_refused() -> None:
    model = ZeroShot.published(size=8, epochs=3, learning_rate=1e30)
    with pytest.raises(ValueError, match="lower the learning rate"):
        model.fit(A, B, Y)
