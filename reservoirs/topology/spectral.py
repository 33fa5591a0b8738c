"""The spectral radius of weights, and weights scaled to one."""

from contextlib import suppress
from typing import Any

import numpy as np

from axonal._base import checks

_DENSE = 200
"""Neurons up to which all eigenvalues are computed."""


def spectral_radius(matrix: Any) -> float:
    """Largest absolute eigenvalue of a square matrix.

    Args:
        matrix: dense or sparse `[N, N]`.

    Returns:
        the radius, >= 0.

    Raises:
        ValueError: the matrix is not square, or holds what is not finite.

    >>> spectral_radius(np.array([[0.0, 2.0], [0.5, 0.0]]))
    1.0
    """
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import ArpackNoConvergence, eigs

    held = csr_array(matrix, dtype=np.float64)
    if held.ndim != 2 or held.shape[0] != held.shape[1]:
        raise ValueError(f"spectral_radius expects a square matrix, got {held.shape}.")
    if not np.isfinite(held.data).all():
        raise ValueError("spectral_radius expects finite weights, got NaN or infinity.")
    if not held.nnz:
        return 0.0
    if held.shape[0] > _DENSE:
        start = np.ones(held.shape[0])  # a random start would make the last digits random
        # it may not converge on a cloud of eigenvalues of one size, which all of them settle
        with suppress(ArpackNoConvergence):
            values = eigs(held, k=6, which="LM", return_eigenvectors=False, v0=start, maxiter=5000)
            return float(np.abs(values).max())
    return float(np.abs(np.linalg.eigvals(held.toarray())).max())


def scale_to_radius(matrix: Any, radius: float) -> Any:
    """Scale weights so that their spectral radius is the given one.

    Args:
        matrix: dense or sparse `[N, N]`.
        radius: the radius wanted, >= 0.

    Returns:
        the scaled matrix, of the same kind.

    Raises:
        ValueError: the present radius is zero, so that no factor helps.

    >>> scale_to_radius(np.array([[0.0, 2.0], [2.0, 0.0]]), 0.5).round(9).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    wanted = checks.number("scale_to_radius", "radius", radius, 0.0)
    present = spectral_radius(matrix)
    if not present > 0.0:
        raise ValueError(
            "scale_to_radius cannot scale weights whose spectral radius is 0: there is no loop of "
            "synapses. Join more neurons."
        )
    return matrix * (wanted / present)
