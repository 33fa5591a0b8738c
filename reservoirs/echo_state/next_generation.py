"""Reservoir computing without a reservoir: products of a few delayed values."""

from typing import Any

import numpy as np

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.echo_state._forecaster import _Forecaster


class NextGeneration(_Forecaster):
    """Next-generation reservoir computing: ridge regression on delayed values and their products.

    l(t) = [u(t), u(t - s), ..., u(t - (k - 1) s)], features [l, l x l] with each product once, and
    u(t + 1) = u(t) + W_out [l, l x l] + c. There are kD + kD (kD + 1) / 2 features and no random
    number: the cheap control of every reservoir. Before its first row a series is held at it.

    Args:
        lags: k, >= 1.
        stride: s, rows between the lags, >= 1.
        ridge: penalty, >= 0, of weights on series with a size of about 1.

    Raises:
        TypeError, ValueError: in `fit`, for a parameter that is out of range.

    Source: Gauthier, Bollt, Griffith and Barbosa, Nat. Commun. 12, 5564 (2021).

    >>> import numpy as np
    >>> x = [0.3]
    >>> for _ in range(60):
    ...     x.append(3.9 * x[-1] * (1 - x[-1]))
    >>> model = NextGeneration(lags=1, ridge=0).fit(x[:51])
    >>> bool(np.abs(model.forecast(10) - x[51:]).max() < 1e-6)  # the logistic map is quadratic
    True
    """

    _increments = True

    def __init__(self, lags: int = 2, *, stride: int = 1, ridge: float = 1e-6) -> None:
        self.lags = lags
        self.stride = stride
        self.ridge = ridge

    @property
    def _spoilt(self) -> int:
        return (self.lags - 1) * self.stride

    def _prepare(self, x: Float64Array) -> None:
        checks.whole_number("NextGeneration", "lags", self.lags)
        checks.whole_number("NextGeneration", "stride", self.stride)
        self._pairs = np.triu_indices(self.lags * x.shape[1])

    def _begin(self, first: Float64Array) -> Any:
        return np.tile(first, (self._spoilt, 1))

    def _features(self, x: Float64Array, state: Any) -> tuple[Float64Array, Any]:
        rows = np.concatenate((state, x))
        past = self._spoilt
        shifts = self.stride * np.arange(self.lags)
        linear = np.concatenate([rows[past - k : len(rows) - k] for k in shifts], 1)
        products = linear[:, self._pairs[0]] * linear[:, self._pairs[1]]
        return np.concatenate((linear, products), 1), rows[len(rows) - past :]
