"""The linear readout of spike counts that Ivanov and Michmizos train."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from axonal._base import checks
from axonal._base.array_types import Float32Array, Float64Array
from axonal.reservoirs.liquids._relative import relative

_RHO, _EPSILON = 0.95, 1e-8


class CountReadout(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Softmax regression on relative spike counts, trained with Adadelta on soft labels.

    Counts are divided by their sum per sample, then by the largest such number of the training set
    or, with ``parity``, of the batch, as the original does, whose predictions then depend on the
    company in which a sample comes. The loss is the cross-entropy against softmax(±1): for ten
    classes .4509 for the right one and .0610 for each other. Weights begin at zero and have an L2
    penalty. Settings of arXiv 2111.01760 and its code.

    Args:
        passes: over the training set, >= 1.
        batch: samples per update.
        rate: factor of Adadelta's step.
        penalty: L2 penalty of the weights.
        parity: whether counts are divided by the largest of their batch.
        seed: of the order of samples.

    Raises:
        ValueError: a label set of one class, counts that are negative or not finite.

    >>> counts = np.array([[9, 1], [8, 2], [1, 9], [2, 8]])
    >>> CountReadout(passes=50, batch=4).fit(counts, [0, 0, 1, 1]).predict(counts).tolist()
    [0, 0, 1, 1]
    """

    def __init__(
        self,
        *,
        passes: int = 500,
        batch: int = 250,
        rate: float = 0.1,
        penalty: float = 5e-10,
        parity: bool = False,
        seed: int = 0,
    ) -> None:
        self.passes = passes
        self.batch = batch
        self.rate = rate
        self.penalty = penalty
        self.parity = parity
        self.seed = seed

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        validation: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> Self:
        """Train, and keep the weights of the pass that is best on validation samples.

        Args:
            X: spike counts `[B, n]`.
            y: classes `[B]`.
            validation: counts and classes that choose the pass; without them the last one is kept.

        Returns:
            itself, with ``coef_`` `[n, C]`, ``intercept_`` `[C]`, ``classes_`` and ``pass_``.
        """
        passes = checks.whole_number("CountReadout", "passes", self.passes)
        batch = checks.whole_number("CountReadout", "batch", self.batch)
        shares = _shares(X)
        self.classes_, places = np.unique(np.asarray(y), return_inverse=True)
        if len(places) != len(shares):
            raise ValueError(
                f"CountReadout expects one class per sample, got {len(places)} for {len(shares)}."
            )
        if len(self.classes_) < 2:
            raise ValueError(
                f"CountReadout expects two classes or more, got only {self.classes_[0]!r}."
            )
        self.n_features_in_ = shares.shape[1]
        self.largest_ = float(shares.max()) or 1.0
        soft = np.exp(2.0 * np.eye(len(self.classes_)) - 1.0)
        targets = (soft / soft.sum(axis=1, keepdims=True))[places].astype(np.float32)
        checking = None
        if validation is not None:
            checking = self._scaled(self._shares(validation[0])), np.asarray(validation[1])
            if checking[1].shape != (len(checking[0]),):
                raise ValueError(
                    "CountReadout expects one class per validation sample, got "
                    f"{checking[1].shape} for {len(checking[0])}."
                )
        tops = shares.max(axis=1)
        rng = np.random.default_rng(checks.seed("CountReadout", self.seed))
        weights = np.zeros((shares.shape[1] + 1, len(self.classes_)), np.float32)
        squares, steps = np.zeros_like(weights), np.zeros_like(weights)
        best = -1.0
        for number in range(1, passes + 1):
            order = rng.permutation(len(shares))
            for start in range(0, len(order), batch):
                part = order[start : start + batch]
                largest = (float(tops[part].max()) or 1.0) if self.parity else self.largest_
                gradient = self._gradient(shares[part], largest, targets[part], weights)
                squares += (1.0 - _RHO) * (gradient * gradient - squares)
                step = gradient * np.sqrt((steps + _EPSILON) / (squares + _EPSILON))
                steps += (1.0 - _RHO) * (step * step - steps)
                weights -= self.rate * step
            self.coef_, self.intercept_ = weights[:-1], weights[-1]
            if checking is not None:
                score = float(np.mean(self._classes(self._logits(checking[0])) == checking[1]))
                if score > best:
                    best, kept, self.pass_ = score, weights.copy(), number
        if checking is None:
            kept, self.pass_ = weights, passes
        self.coef_, self.intercept_ = kept[:-1], kept[-1]
        return self

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Classes of samples.

        Args:
            X: spike counts `[B, n]`.

        Returns:
            classes `[B]`.
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "coef_")
        return self._classes(self._logits(self._scaled(self._shares(X))))

    def decision_function(self, X: npt.ArrayLike) -> Float64Array:
        """Outputs of the linear layer, one per class `[B, C]`.

        Args:
            X: spike counts `[B, n]`.
        """
        return self._logits(self._scaled(self._shares(X))).astype(np.float64)

    def _shares(self, X: npt.ArrayLike) -> Float32Array:
        shares = _shares(X)
        if shares.shape[1] != self.n_features_in_:
            raise ValueError(
                f"CountReadout was fitted on counts of {self.n_features_in_} neurons, got "
                f"{shares.shape[1]}."
            )
        return shares

    def _gradient(
        self, shares: Float32Array, largest: float, targets: Float32Array, weights: Float32Array
    ) -> Float32Array:
        """Gradient of the mean loss over inputs ``shares / largest``, which are not made."""
        scale = np.float32(1.0 / largest)
        logits = (shares @ weights[:-1]) * scale + weights[-1]
        logits -= logits.max(axis=1, keepdims=True)
        chances = np.exp(logits)
        chances /= chances.sum(axis=1, keepdims=True)
        error = (chances - targets) / np.float32(len(shares))
        gradient = np.empty_like(weights)
        np.matmul(shares.T, error * scale, out=gradient[:-1])
        gradient[:-1] += np.float32(2.0 * self.penalty) * weights[:-1]
        gradient[-1] = error.sum(axis=0)
        return gradient

    def _scaled(self, shares: Float32Array) -> Float32Array:
        """Shares over the largest of the training set, or of every batch in the order given."""
        if not self.parity:
            return shares / np.float32(self.largest_)
        parts = (shares[k : k + self.batch] for k in range(0, len(shares), self.batch))
        return np.concatenate([part / (part.max() or np.float32(1.0)) for part in parts])

    def _logits(self, inputs: Float32Array) -> Float32Array:
        logits: Float32Array = inputs @ self.coef_ + self.intercept_
        return logits

    def _classes(self, logits: Float32Array) -> npt.NDArray[Any]:
        chosen: npt.NDArray[Any] = self.classes_[logits.argmax(axis=1)]
        return chosen


def _shares(X: npt.ArrayLike) -> Float32Array:
    counts = np.asarray(X, np.float32)
    if counts.ndim != 2 or not counts.size:
        raise ValueError(f"CountReadout expects counts [B, n], got {counts.shape}.")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("CountReadout expects finite counts >= 0, got others.")
    return relative(counts)
