"""Similarity matching: Hebbian weights and anti-Hebbian laterals."""

from typing import NamedTuple

import torch
from torch import Tensor

from axonal._base.checks import number
from axonal.hebbian.plasticity._checks import weights_and_rows


class SimilarityMatching(NamedTuple):
    """Changes of weights by :func:`similarity_matching`.

    Attributes:
        weight: of the Hebbian weights, dW [m, n].
        lateral: of the anti-Hebbian weights, dM [m, m], symmetric where M is.
    """

    weight: Tensor
    lateral: Tensor


def similarity_matching(
    weight: Tensor, lateral: Tensor, pre: Tensor, *, ratio: float = 0.5
) -> SimilarityMatching:
    """Changes of Hebbian weights and anti-Hebbian laterals that match similarities.

    Units settle under the drive W x and the inhibition M y: M y = W x, so y = M^-1 W x. Then

        dW = mean_r y x^T - W,    dM = (mean_r y y^T - M) / (2 ratio)

    each synapse from its own two units alone, unlike in :func:`oja`. At rest the rows of M^-1 W are
    orthonormal and span the eigenvectors of the m largest eigenvalues of C = mean x x^T.

    Converges from M symmetric and positive definite for W <- W + eta dW, M <- M + eta dM with
    eta < 2 ratio (M stays positive definite), small beside 1 over the largest eigenvalue of C,
    and ratio <= 1/2 for the fixed point to be stable whatever C is; on a stream of samples eta has
    to fall.

    Source: Pehlevan, Sengupta and Chklovskii, Neural Computation 30, 2018 (arXiv 1703.07914),
    whose tau is ``ratio``.

    Args:
        weight: W [m, n].
        lateral: M [m, m], which can be inverted.
        pre: presynaptic activity x [R, n].
        ratio: tau, how much slower M learns than W, > 0.

    Returns:
        dW and dM.

    Raises:
        ValueError: for shapes that do not fit, a ratio that is not positive, and an M that cannot
            be inverted.

    >>> import torch
    >>> change = similarity_matching(torch.eye(2), torch.eye(2), torch.tensor([[1.0, 0.0]]))
    >>> change.weight
    tensor([[ 0.,  0.],
            [ 0., -1.]])
    """
    number("similarity_matching", "ratio", ratio, 0, open_low=True)
    post = similarity_matching_response(weight, lateral, pre)
    hebbian = post.T @ pre / len(pre) - weight
    return SimilarityMatching(hebbian, (post.T @ post / len(pre) - lateral) / (2 * ratio))


def similarity_matching_response(weight: Tensor, lateral: Tensor, pre: Tensor) -> Tensor:
    """Settled responses y = M^-1 W x [R, m] of units that inhibit each other.

    Args:
        weight: W [m, n].
        lateral: M [m, m], which can be inverted.
        pre: presynaptic activity x [R, n].

    Raises:
        ValueError: for shapes that do not fit, and an M that cannot be inverted.

    >>> import torch
    >>> similarity_matching_response(torch.ones(1, 2), torch.tensor([[2.0]]), torch.ones(1, 2))
    tensor([[1.]])
    """
    who = "similarity_matching"
    weights_and_rows(who, weight, pre)
    units = len(weight)
    if lateral.shape != (units, units):
        raise ValueError(
            f"{who} expects lateral M [{units}, {units}] beside W of {units} units, got "
            f"{tuple(lateral.shape)}."
        )
    try:
        settled: Tensor = torch.linalg.solve(lateral, weight @ pre.T).T
    except RuntimeError:  # torch raises one of its kind
        raise ValueError(
            f"{who} expects a lateral M that can be inverted; this one is singular. Start from the "
            "identity with a smaller rate."
        ) from None
    return settled
