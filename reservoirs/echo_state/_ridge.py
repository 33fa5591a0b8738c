"""Ridge regression, of which only the intercept is not penalised."""

import numpy as np
from scipy import linalg

from axonal._base.array_types import Float64Array


def ridge(
    features: Float64Array, target: Float64Array, penalty: float
) -> tuple[Float64Array, Float64Array]:
    """Weights [K, F] and intercepts [K] that minimise ||X W^T + b - Y||^2 + penalty ||W||^2.

    Solved by a QR decomposition of X over sqrt(penalty) 1, which keeps the digits that X^T X loses:
    good forecasts need penalties of 1e-8 of its largest eigenvalue and less.
    """
    mean, goal = features.mean(0), target.mean(0)
    size = features.shape[1]
    x = np.concatenate((features - mean, np.sqrt(penalty) * np.eye(size)))
    y = np.concatenate((target - goal, np.zeros((size, target.shape[1]))))
    weights = linalg.lstsq(x, y, lapack_driver="gelsy", check_finite=False)[0].T
    return weights, goal - weights @ mean
