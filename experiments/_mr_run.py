"""Runs of the experiment ``mr``: a fold read by a language model, and by a bag of words."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from axonal._base.sweeps import Row
from axonal.recipes import mr_sentiment
from axonal.recipes._runs import Job
from axonal.recipes._study import Parts

STRENGTHS = (0.1, 0.3, 1.0, 3.0)
"""Values of C, of which the validation sentences choose one."""
WORDS = r"(?u)\b\w+\b"


@dataclass(frozen=True)
class Read(Job):
    """A fold that a language model learns to class.

    Args:
        fold: the tenth that is tested.
        changes: settings that differ from those of the recipe.
    """

    fold: int
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> mr_sentiment.Settings:
        """Settings of the recipe."""
        return mr_sentiment.Settings(fold=self.fold, **self.changes)

    @property
    def identity(self) -> list[Any]:
        """All settings."""
        return ["mr", self.settings.identity()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The recipe, and what differs from it."""
        return "mr-sentiment", {"seed": 0, "fold": self.fold, **self.changes}

    def measure(self) -> Row:
        """Train and test."""
        with tempfile.TemporaryDirectory() as folder:
            learned = mr_sentiment.learn(self.settings, Parts(Path(folder), lambda *_: None))
        return {
            "test": learned.results["test_accuracy"],
            "validation": learned.results["validation_accuracy"],
            "tested": learned.results["sentences"]["test"],
            "trained_parameters": sum(value.size for value in learned.arrays.values()),
        }


@dataclass(frozen=True)
class Bag(Job):
    """Logistic regression on the words of a sentence, without their order, by scikit-learn.

    Args:
        fold: the tenth that is tested.
    """

    fold: int

    @property
    def identity(self) -> list[Any]:
        """Fold, and what may be chosen."""
        return ["mr-bag", self.fold, STRENGTHS, WORDS]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the fold."""
        return "mr-bag", {"seed": 0, "fold": self.fold}

    def measure(self) -> Row:
        """Choose a strength on the validation sentences, and test."""
        found = mr_sentiment.split(mr_sentiment.Settings(fold=self.fold))
        counted = CountVectorizer(binary=True, token_pattern=WORDS).fit(found["train"].words)
        x = {name: counted.transform(part.words) for name, part in found.items()}
        models = [
            LogisticRegression(C=c, max_iter=1000).fit(x["train"], found["train"].labels)
            for c in STRENGTHS
        ]
        told = [model.score(x["validation"], found["validation"].labels) for model in models]
        best = max(range(len(models)), key=told.__getitem__)
        return {
            "test": float(models[best].score(x["test"], found["test"].labels)),
            "validation": float(told[best]),
            "tested": len(found["test"].words),
            "strength": STRENGTHS[best],
            "trained_parameters": int(models[best].coef_.size) + 1,
        }
