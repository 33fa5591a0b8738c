"""Movie reviews by a language model: folds without overlap, a class that can be learned."""

from pathlib import Path

import pytest

pytest.importorskip("tokenizers")

from axonal import recipes
from axonal.datasets import text as texts
from axonal.recipes import mr_sentiment

GOOD, BAD = "a good warm film number {}", "a bad cold film number {}"


@pytest.fixture(autouse=True)
def reviews(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [BAD.format(k) for k in range(60)] + [GOOD.format(k) for k in range(60)]
    monkeypatch.setattr(texts, "movie_reviews", lambda: (words, [0] * 60 + [1] * 60))


def test_folds_test_every_sentence_once() -> None:
    tested: list[str] = []
    for fold in range(mr_sentiment.FOLDS):
        found = mr_sentiment.split(mr_sentiment.Settings(fold=fold))
        sets = [set(part.words) for part in found.values()]
        assert sum(map(len, sets)) == len(set.union(*sets)) == 120
        labels = ["good" in words for words in found["train"].words]
        assert (found["train"].labels == labels).all()
        tested += found["test"].words
    assert len(tested) == len(set(tested)) == 120


def test_a_model_learns_the_class_and_leaves_a_run(tmp_path: Path) -> None:
    settings = mr_sentiment.Settings(vocabulary=300, width=16, epochs=6, batch=8, dropout=0.0)
    summary = recipes.train("mr-sentiment", settings, tmp_path / "run")
    assert summary["test_accuracy"] > 0.9
    assert summary["sentences"] == {"train": 96, "validation": 12, "test": 12}


def test_settings_and_runs_that_cannot_be_used_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fold takes a whole number from 0 to 9"):
        mr_sentiment.Settings(fold=10)
    settings = mr_sentiment.Settings(run=str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="holds no run"):
        recipes.train("mr-sentiment", settings, tmp_path / "run")
