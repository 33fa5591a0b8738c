"""Forecasts that anything should beat."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array


class Persistence:
    """A series that stays at its last row.

    >>> Persistence().fit([[1.0], [2.0]]).forecast(2, [[1.0], [3.0]])
    array([[3.], [3.]])
    """

    def fit(self, X: ArrayLike) -> Self:
        """Learn nothing."""
        return self

    def forecast(self, steps: int, history: ArrayLike) -> Float64Array:
        """The last row of a history [T, D], as many times as there are steps."""
        return np.repeat(np.asarray(history, np.float64)[-1:], steps, 0)


class Mean:
    """A series that stays at the mean of its training rows.

    >>> Mean().fit([[1.0], [2.0]]).forecast(2, [[1.0], [3.0]])
    array([[1.5], [1.5]])
    """

    def fit(self, X: ArrayLike) -> Self:
        """Take the mean of rows [T, D]."""
        self._mean = np.asarray(X, np.float64).mean(0, keepdims=True)
        return self

    def forecast(self, steps: int, history: ArrayLike) -> Float64Array:
        """The mean, as many times as there are steps."""
        return np.repeat(self._mean, steps, 0)
