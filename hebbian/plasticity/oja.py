"""Oja's subspace rule."""

from torch import Tensor

from axonal.hebbian.plasticity._checks import weights_and_rows


def oja(weight: Tensor, pre: Tensor, remaining: Tensor | None = None) -> Tensor:
    """Change of weights by Oja's subspace rule, dW = mean_r y (x - W^T y)^T with y = W x.

    With ``remaining`` z in the place of the first x, what others explain of the input is left out:
    dW = mean_r y (z - W^T y)^T. With z = x - H^T H x the rows of W learn beside those of H, which
    stay.

    Converges for W <- W + eta dW from almost every W with orthonormal rows if 0 < eta < 1 / lambda,
    lambda the largest eigenvalue of C = mean x x^T (deviations of W W^T from 1 shrink by
    1 - eta (lambda_i + lambda_j)): the rows span the eigenvectors of the m largest eigenvalues of
    C, in no particular order. Where the m-th and the next eigenvalue are equal, there are many such
    subspaces. On a stream of samples eta has to fall, as c / (t + t0), for W to come to rest.

    Source: Oja, International Journal of Neural Systems 1, 1989. Convergence: Yan, Helmke and
    Moore, IEEE Transactions on Neural Networks 5, 1994.

    Args:
        weight: W [m, n].
        pre: presynaptic activity x [R, n], R rows of samples or steps.
        remaining: z [R, n]; x by default.

    Returns:
        dW [m, n].

    Raises:
        ValueError: for shapes that do not fit.

    >>> import torch
    >>> oja(torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 1.0]]))
    tensor([[0., 2.]])
    """
    weights_and_rows("oja", weight, pre)
    left = pre if remaining is None else remaining
    weights_and_rows("oja", weight, left, "remaining")
    post = pre @ weight.T
    return post.T @ (left - post @ weight) / len(pre)
