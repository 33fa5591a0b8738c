"""Ridge regression, of which only the intercept is not penalised."""

import numpy as np
from scipy import linalg

from axonal._base.array_types import Float64Array


def ridge(
    features: Float64Array, target: Float64Array, penalty: float
) -> tuple[Float64Array, Float64Array]:
    """Weights [K, F] and intercepts [K] that minimise ||X W^T + b - Y||^2 + penalty ||W||^2.

    Solved by a QR decomposition of X over sqrt(penalty) 1, which keeps the digits that X^T X loses:
    good forecasts need penalties of 1e-8 of its largest eigenvalue and less. Where columns of it
    depend on one another, the smallest weights are taken.
    """
    mean, goal = features.mean(0), target.mean(0)
    size = features.shape[1]
    x = np.concatenate((features - mean, np.sqrt(penalty) * np.eye(size)))
    y = np.concatenate((target - goal, np.zeros((size, target.shape[1]))))
    both = np.concatenate((x, y), 1)
    r = linalg.qr(both, mode="r", overwrite_a=True, check_finite=False)[0][:size]
    scale = np.abs(np.diagonal(r))
    if len(r) == size and scale.min() > scale.max() * max(x.shape) * np.finfo(float).eps:
        weights = linalg.solve_triangular(r[:, :size], r[:, size:], check_finite=False).T
    else:
        weights = linalg.lstsq(x, y, check_finite=False)[0].T
    return weights, goal - weights @ mean
