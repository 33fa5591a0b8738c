"""The largest absolute eigenvalue of a matrix."""

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

DENSE = 200
"""Rows up to which all eigenvalues take less time than the largest ones alone."""


def spectral_radius(matrix: Any) -> float:
    """Largest absolute eigenvalue of a square matrix, sparse or dense.

    Large matrices are given to Arnoldi's method, from a fixed start so that the value does not
    vary; where it does not converge, all eigenvalues are computed.

    >>> round(spectral_radius(np.array([[0.0, 2.0], [-2.0, 0.0]])), 12)
    2.0
    """
    size = matrix.shape[0]
    if size > DENSE:
        try:
            found = linalg.eigs(
                sparse.csr_array(matrix),
                k=4,
                v0=np.ones(size),
                return_eigenvectors=False,
            )
            return float(np.abs(found).max())
        except linalg.ArpackNoConvergence:
            pass
    dense = matrix.toarray() if sparse.issparse(matrix) else matrix
    return float(np.abs(np.linalg.eigvals(dense)).max())
