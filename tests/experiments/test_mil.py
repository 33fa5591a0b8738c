"""The experiment ``mil``: test folds never choose, and the report does not boast."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonal._base.sweeps import Row, Store
from axonal.datasets import Bags
from axonal.recipes._errors import RecipeError
from experiments import __main__, _mil_folds, _mil_network, mil
from experiments._mil_folds import FOLDS, Repeat, cross_validate
from experiments._mil_network import Settings
from experiments._report import SEEDS

LABELS = np.arange(60) % 2
TINY = (
    Settings(0, 0.2, heads=1, hidden=4, epochs=2),
    Settings(8, 1.0, heads=1, hidden=4, epochs=2),
)


def witnesses(seed: int, count: int = 60) -> Bags:
    """Bags of noise; one instance of each positive bag comes from elsewhere."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 9, count)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    values = rng.standard_normal((offsets[-1], 10))
    labels = np.arange(count) % 2
    values[offsets[:-1][labels == 1], :3] += 8
    return Bags(values, offsets, labels, "witnesses")


def made(repeat: Repeat, hopfield: float, mean: float = 0.8) -> Row:
    """A row as a repeat makes it, without any training."""
    rise = 0.001 * repeat.seed
    return {
        "key": repeat.key,
        "recipe": "mil",
        "changes": {"data": repeat.data, "seed": repeat.seed},
        "auc": {
            "hopfield": [hopfield + rise] * FOLDS,
            "mean": [mean] * FOLDS,
            "mean_min_max": [0.7] * FOLDS,
        },
        "chosen": {str(choice): 5 for choice in _mil_folds.CHOICES[:2]},
        "hopfield_seconds": 10.0,
        "seconds": 12.0,
        "date": "2026-01-02",
        "machine": "a processor, 2 cores",
        "torch": "2.13",
        "commit": "abc",
    }


def filled(path: Path, hopfield: float) -> Store:
    store = Store(path)
    for repeat in mil.plan():
        store.add(made(repeat, hopfield))
    return store


def test_no_test_bag_is_seen_before_its_fold_is_scored() -> None:
    calls: list[tuple[frozenset[int], frozenset[int]]] = []

    def score(train: Any, test: Any, setting: float) -> Any:
        calls.append((frozenset(train.tolist()), frozenset(test.tolist())))
        return np.random.default_rng(len(calls)).random(len(test))

    cross_validate(LABELS, 0, (1.0, 2.0, 3.0), score)
    each = 3 * _mil_folds.INNER_FOLDS + 1
    assert len(calls) == FOLDS * each
    tested: list[int] = []
    for first in range(0, len(calls), each):
        *inner, (train, test) = calls[first : first + each]
        assert train | test == set(range(60))
        assert not train & test
        for fit, held in inner:
            assert fit | held == train
            assert not fit & held
        tested += test
    assert sorted(tested) == list(range(60))


def test_the_setting_with_the_best_inner_score_is_taken() -> None:
    def score(train: Any, test: Any, quality: float) -> Any:
        noise = np.random.default_rng(0).standard_normal(len(test))
        return quality * LABELS[test] + (1 - quality) * noise

    aucs, chosen = cross_validate(LABELS, 0, (0.0, 1.0, 0.5), score)
    assert set(chosen) == {1.0}
    assert set(aucs) == {1.0}


def test_labels_of_test_bags_do_not_change_what_is_chosen() -> None:
    (fold, *_), labels = _mil_folds._split(np.arange(60), LABELS, FOLDS, 0), LABELS.copy()
    train, test = fold
    labels[test] = 1 - labels[test]
    before, after = (_mil_folds._split(train, some, 3, 0) for some in (LABELS, labels))
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_pooling_finds_the_instance_that_decides() -> None:
    bags, order = witnesses(0, 120), np.random.default_rng(0).permutation(120)
    settings = Settings(0, 1.0, heads=2, hidden=8, epochs=40, batch=16)
    scores = _mil_network.hopfield(bags, order[:80], order[80:], settings, seed=0)
    assert _mil_folds._auc(bags.labels, order[80:], scores) > 0.95


def test_features_that_never_change_do_no_harm() -> None:
    bags = witnesses(1)
    bags.values[:, 5] = 3.0
    scores = _mil_network.hopfield(bags, np.arange(40), np.arange(40, 60), TINY[1], seed=0)
    assert np.isfinite(scores).all()


@pytest.mark.slow
def test_a_repeat_is_the_same_every_time_but_for_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_mil_folds, "mil", lambda name: witnesses(2, 30))
    monkeypatch.setattr(_mil_folds, "CHOICES", TINY)
    monkeypatch.setattr(_mil_folds, "STRENGTHS", (0.1, 1.0))
    first, second = (Repeat("musk1", 0).make("abc") for _ in range(2))
    timeless = {"seconds": 0, "hopfield_seconds": 0}
    assert {**first, **timeless} == {**second, **timeless}
    assert set(first) == set(made(Repeat("musk1", 0), 0.9))
    assert sum(first["chosen"].values()) == FOLDS
    assert {len(aucs) for aucs in first["auc"].values()} == {FOLDS}


def test_repeats_share_a_key_only_if_all_is_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {repeat.key for repeat in mil.plan()}
    assert len(keys) == len(mil.DATA) * len(SEEDS)
    monkeypatch.setattr(_mil_folds, "CHOICES", TINY)
    assert keys.isdisjoint({repeat.key for repeat in mil.plan()})


@pytest.mark.parametrize(
    ("hopfield", "said"),
    [
        (0.9, "This is what was wanted.\nThe difference lies beyond its 95 % interval."),
        (0.79, "less than what was wanted.**\nThe difference, -0.008 [-0.010, -0.006], is not"),
    ],
)
def test_the_report_compares_with_what_was_wanted(
    hopfield: float, said: str, tmp_path: Path
) -> None:
    text = mil.write(filled(tmp_path / "runs.jsonl", hopfield), tmp_path)[0].read_text()
    assert said in text


def test_the_report_tells_deviation_seeds_seconds_and_where_figures_come_from(
    tmp_path: Path,
) -> None:
    text = mil.write(filled(tmp_path / "runs.jsonl", 0.9), tmp_path)[0].read_text()
    for words in (
        "0.902 ± 0.002",
        "Seeds: 0, 1, 2, 3, 4; 20 cross-validations",
        "| 10 |",
        "91.3 ± 0.5 %",
        "Ramsauer et al.",
        "quoted from memory",
        "`python -m experiments mil`",
    ):
        assert words in text


def test_missing_data_are_one_line_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path))
    with pytest.raises(RecipeError, match=r"there is no musk1\.data .* get it from"):
        Repeat("musk1", 0).make(None)

    def fails(*args: object, **kwargs: object) -> None:
        Repeat("musk1", 0).make(None)

    monkeypatch.setattr(__main__, "fill", fails)
    with pytest.raises(SystemExit) as ended:
        __main__.main(["mil"], tmp_path, 1)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: there is no musk1.data")
    assert error.count("\n") == 1
