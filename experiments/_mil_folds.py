"""One repeat of the experiment ``mil``: ten test folds, settings chosen on the others alone."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeVar

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from axonal._base.array_types import Float64Array, Int64Array
from axonal._base.sweeps import Row
from axonal.datasets import mil
from axonal.recipes._errors import RecipeError
from axonal.recipes._runs import Job
from experiments import _mil_network as network
from experiments._mil_network import Settings

FOLDS, INNER_FOLDS = 10, 3
CHOICES = tuple(Settings(*pair) for pair in product((0, 64), (32**-0.5, 1.0)))
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)

S = TypeVar("S")
Score = Callable[[Int64Array, Int64Array, S], Float64Array]


@dataclass(frozen=True)
class Repeat(Job):
    """One repeat of the cross-validation of one data set.

    Args:
        data: name of the data set.
        seed: draws the folds, and starts the networks.
    """

    data: str
    seed: int

    @property
    def identity(self) -> list[Any]:
        """Data, seed, folds, and what may be chosen."""
        choices = [dataclasses.asdict(choice) for choice in CHOICES]
        return ["mil", self.data, self.seed, FOLDS, INNER_FOLDS, choices, STRENGTHS]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment, data and seed."""
        return "mil", {"data": self.data, "seed": self.seed}

    def measure(self) -> Row:
        """Cross-validate the network and both logistic regressions on the same folds."""
        begun = time.process_time()
        try:
            bags = mil(self.data)
        except (FileNotFoundError, ValueError) as error:
            raise RecipeError(str(error)) from error

        def pooled(train: Int64Array, test: Int64Array, settings: Settings) -> Float64Array:
            return network.hopfield(bags, train, test, settings, self.seed)

        aucs, choices = cross_validate(bags.labels, self.seed, CHOICES, pooled)
        found = {"hopfield": aucs}
        seconds = time.process_time() - begun
        for name, extremes in (("mean", False), ("mean_min_max", True)):
            score = _logistic(network.summarized(bags, extremes), bags.labels)
            found[name], _ = cross_validate(bags.labels, self.seed, STRENGTHS, score)
        return {
            "auc": found,
            "chosen": {str(choice): choices.count(choice) for choice in CHOICES},
            "hopfield_seconds": round(seconds, 2),
        }


def _logistic(x: Float64Array, labels: Int64Array) -> Score[float]:
    return lambda train, test, strength: network.logistic(x, labels, train, test, strength)


def cross_validate(
    labels: Int64Array, seed: int, settings: Sequence[S], score: Score[S]
) -> tuple[list[float], list[S]]:
    """Area under the ROC curve of every test fold, with settings chosen on the other folds alone.

    Args:
        labels: class of each bag [bags].
        seed: draws the folds; equal seeds give equal folds.
        settings: what may be chosen; the first of those with the largest inner area is.
        score: trains on the bags of its first argument, scores those of its second.

    Returns:
        The area under the curve and the settings chosen, one per fold.
    """
    aucs, chosen = [], []
    for train, test in _split(np.arange(len(labels)), labels, FOLDS, seed):
        parts = _split(train, labels, INNER_FOLDS, seed)
        inner = [
            np.mean([_auc(labels, held, score(fit, held, one)) for fit, held in parts])
            for one in settings
        ]
        best = settings[int(np.argmax(inner))]
        aucs.append(_auc(labels, test, score(train, test, best)))
        chosen.append(best)
    return aucs, chosen


def _split(
    bags: Int64Array, labels: Int64Array, folds: int, seed: int
) -> list[tuple[Int64Array, Int64Array]]:
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return [(bags[a], bags[b]) for a, b in splitter.split(bags, labels[bags])]


def _auc(labels: Int64Array, bags: Int64Array, scores: Float64Array) -> float:
    return float(roc_auc_score(labels[bags], scores))
