"""The common part of models with a state and a linear readout, as estimators of scikit-learn."""

import warnings
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.echo_state._ridge import ridge

LOST = 100.0
"""Half ranges of the training data from their middle, beyond which a forecast has diverged."""


class _Forecaster(RegressorMixin, TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Features of a series by a state, and a ridge readout of them.

    Subclasses have the parameter ``ridge`` and say how many rows their start spoils.
    """

    ridge: float
    _increments: bool

    @abstractmethod
    def _prepare(self, x: Float64Array) -> None:
        """Check parameters, and make what features need, from the training series [T, D]."""

    @abstractmethod
    def _begin(self, first: Float64Array) -> Any:
        """The state before a series that begins with a row [D]."""

    @abstractmethod
    def _features(self, x: Float64Array, state: Any) -> tuple[Float64Array, Any]:
        """Features [T, F] of rows [T, D] in order, and the state after them."""

    @property
    @abstractmethod
    def _spoilt(self) -> int:
        """Rows at the start that are not learnt from."""

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn the readout from one series.

        Args:
            X: rows in the order of time [T, D] or [T], finite.
            y: targets [T, K] or [T]; without them the next row of X, as `forecast` needs it.

        Raises:
            TypeError: a parameter of the wrong type.
            ValueError: a parameter out of range, arrays of the wrong shape or not finite, too few
                rows, a column of X that never changes where X itself is the target.
        """
        who = f"{type(self).__name__}.fit"
        x = _rows(who, "X", X)
        self.n_features_in_ = x.shape[1]
        self._flat = np.ndim(X if y is None else y) == 1
        checks.number(type(self).__name__, "ridge", self.ridge, 0)
        self._prepare(x)
        features, self.state_ = self._features(x, self._begin(x[0]))
        self._last, self._row = features[-1], x[-1]
        self._forecasts = y is None
        if y is None:
            still = np.flatnonzero((x == x[0]).all(0))
            if len(still):
                raise ValueError(
                    f"{who} expects series that change, but column {still[0]} of X is constant"
                    f" ({x[0, still[0]]:g}): leave it out."
                )
            features, target = features[:-1], x[1:] - x[:-1] * self._increments
            self._middle, self._half = (x.max(0) + x.min(0)) / 2, np.ptp(x, 0) / 2
        else:
            target = _rows(who, "y", y)
            if len(target) != len(x):
                raise ValueError(
                    f"{who} expects a row of y per row of X, got {len(target)} and {len(x)}."
                )
        if len(features) < self._spoilt + 2:
            raise ValueError(
                f"{who} expects at least {self._spoilt + 2 + self._forecasts} rows, of which it"
                f" leaves out {self._spoilt} at the start, got {len(x)}: give a longer series."
            )
        self.coef_, self.intercept_ = ridge(
            features[self._spoilt :], target[self._spoilt :], self.ridge
        )
        return self

    def run(self, X: ArrayLike, state: Any = None) -> tuple[Float64Array, Any]:
        """Features [T, F] of a series, and the state after it.

        Args:
            X: rows in the order of time [T, D] or [T].
            state: that before the first row, as `run` returned it; by default that of the start.
        """
        x = self._known(f"{type(self).__name__}.run", X)
        return self._features(x, self._begin(x[0]) if state is None else state)

    def transform(self, X: ArrayLike) -> Float64Array:
        """Features [T, F] of a series from its start; no row is left out."""
        return self.run(X)[0]

    def predict(self, X: ArrayLike, state: Any = None) -> Float64Array:
        """Outputs for each row of a series: those of ``y``, or the next row of ``X``.

        Args:
            X: rows in the order of time [T, D] or [T].
            state: that before the first row, such as ``state_`` for rows that follow those of
                `fit`; by default that of the start.

        Returns:
            Array [T, K], or [T] where `fit` was given [T].
        """
        x = self._known(f"{type(self).__name__}.predict", X)
        features, _ = self._features(x, self._begin(x[0]) if state is None else state)
        found = features @ self.coef_.T + self.intercept_
        if self._forecasts and self._increments:
            found = found + x
        return found[:, 0] if self._flat else found

    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """Share of the variance of targets that is predicted, 1 - ||y - y'||^2 / ||y - <y>||^2.

        The rows at the start that `fit` leaves out are left out here, too: outputs there tell of
        the start of the state.

        Args:
            X: rows in the order of time [T, D] or [T].
            y: targets [T, K] or [T]; without them the next row of X.

        Raises:
            ValueError: arrays of the wrong shape, or fewer than two rows that count.
        """
        who = f"{type(self).__name__}.score"
        found = self.predict(X)
        target = np.asarray(X if y is None else y, np.float64)
        if y is None:
            found, target = found[:-1], target[1:]
        if len(target) != len(found) or len(found) < self._spoilt + 2:
            raise ValueError(
                f"{who} expects a row of y per row of X and at least {self._spoilt + 2} of them, of"
                f" which it leaves out {self._spoilt}, got {len(found)} and {len(target)}."
            )
        return float(r2_score(target[self._spoilt :], found[self._spoilt :]))

    def forecast(self, steps: int, history: ArrayLike | None = None) -> Float64Array:
        """Rows that follow a series, each made from the ones that were forecast before it.

        Args:
            steps: rows, >= 1.
            history: series that they follow [T, D]; by default that of `fit`.

        Returns:
            Array [steps, D], or [steps] where `fit` was given [T]. It is finite: where a forecast
            runs away, beyond 100 times the half range of the training series, it stays at its last
            row inside, and a `RuntimeWarning` says so.

        Raises:
            ValueError: the model was fitted to other targets than the next row; a history of the
                wrong shape or not finite.
        """
        who = f"{type(self).__name__}.forecast"
        checks.whole_number(who, "steps", steps)
        self._fitted(who)
        if not self._forecasts:
            raise ValueError(
                f"{who} expects a model of the next row, but this one was fitted to targets of"
                " its own: fit(X) without y."
            )
        state, features, row = self.state_, self._last, self._row
        if history is not None:
            x = self._known(who, history)
            every, state = self._features(x, self._begin(x[0]))
            features, row = every[-1], x[-1]
        found, inside = self._continue(steps, state, features, row)
        if inside < steps:
            found[inside:] = found[inside - 1] if inside else row
            warnings.warn(
                f"{who} runs away at row {inside}, beyond {LOST:g} times the training range; from"
                " there on it is constant. A larger ridge or more data may help.",
                RuntimeWarning,
                stacklevel=2,
            )
        return found[:, 0] if self._flat else found

    def _continue(
        self, steps: int, state: Any, features: Float64Array, row: Float64Array
    ) -> tuple[Float64Array, int]:
        """Forecast rows [steps, D], and how many of them were made before it ran away."""
        found = np.empty((steps, len(row)))
        for k in range(steps):
            new = self.coef_ @ features + self.intercept_
            row = row + new if self._increments else new
            if not (np.abs(row - self._middle) <= LOST * self._half).all():
                return found, k
            found[k] = row
            every, state = self._features(row[None], state)
            features = every[0]
        return found, steps

    def _fitted(self, who: str) -> None:
        if not hasattr(self, "coef_"):
            raise NotFittedError(f"{who} comes after fit, which was not called.")

    def _known(self, who: str, X: ArrayLike) -> Float64Array:
        self._fitted(who)
        x = _rows(who, "X", X)
        if x.shape[1] != self.n_features_in_:
            raise ValueError(
                f"{who} expects X [T, {self.n_features_in_}] as in fit, got {np.shape(X)}."
            )
        return x


def _rows(who: str, name: str, values: ArrayLike) -> Float64Array:
    """Finite numbers [T, D] from [T, D] or [T]."""
    rows = np.asarray(values, np.float64)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or not rows.size:
        raise ValueError(
            f"{who} expects {name} [T, D] or [T] with a row at least, got {np.shape(values)}."
        )
    wrong = np.argwhere(~np.isfinite(rows))
    if len(wrong):
        raise ValueError(
            f"{who} expects finite {name}, got {rows[tuple(wrong[0])]} in row {wrong[0][0]}."
        )
    return rows
