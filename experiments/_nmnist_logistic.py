"""The control of the experiment ``nmnist``: logistic regression on counts, by scikit-learn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from axonal._base.array_types import Float64Array
from axonal._base.sweeps import Row
from axonal.datasets import EventSet, Grid, counts
from axonal.recipes import _nmnist_recordings, nmnist
from axonal.recipes._runs import Job

STRENGTHS = (0.003, 0.01, 0.03, 0.1)
"""Values of C, of which the validation recordings choose one."""


@dataclass(frozen=True)
class Logistic(Job):
    """Logistic regression on the square roots of the events of each pixel and polarity.

    The strength of the penalty is chosen on the validation recordings; then they are trained on,
    too, which the networks never do.

    Args:
        fold: of the recipe's settings.
    """

    fold: int | None

    @property
    def identity(self) -> list[Any]:
        """Fold, and what may be chosen."""
        return ["nmnist-logistic", self.fold, STRENGTHS]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the fold."""
        return "nmnist-logistic", {"fold": self.fold}

    def measure(self) -> Row:
        """Choose a strength, train on all that is not for testing, and test."""
        settings = nmnist.Settings(arm="linear", fold=self.fold)
        parts = _nmnist_recordings.parts(settings.fold)
        x = {part: _roots(events, settings.grid) for part, events in parts.items()}
        y = {part: events.labels for part, events in parts.items()}
        scale = x["train"].std()

        def fitted(strength: float, *on: str) -> LogisticRegression:
            model = LogisticRegression(C=strength, tol=1e-3, max_iter=2000)
            features = np.concatenate([x[part] for part in on]) / scale
            return model.fit(features, np.concatenate([y[part] for part in on]))

        found = [
            fitted(c, "train").score(x["validation"] / scale, y["validation"]) for c in STRENGTHS
        ]
        best = int(np.argmax(found))
        final = fitted(STRENGTHS[best], "train", "validation")
        return {
            "test": float(final.score(x["test"] / scale, y["test"])),
            "tested": len(y["test"]),
            "validation": float(found[best]),
            "strength": STRENGTHS[best],
        }


def _roots(events: EventSet, grid: Grid) -> Float64Array:
    found: Float64Array = counts(events, grid, dtype=np.float32).values[0].astype(np.float64)
    return np.sqrt(found)
