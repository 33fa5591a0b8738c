"""Sanger's generalised Hebbian rule."""

from torch import Tensor

from axonal.hebbian.plasticity._checks import weights_and_rows


def sanger(weight: Tensor, pre: Tensor) -> Tensor:
    """Change of weights by Sanger's rule, dW = mean_r [y x^T - tril(y y^T) W] with y = W x.

    Converges for W <- W + eta dW with a small eta, as :func:`oja` does; the rows go to the
    eigenvectors of mean x x^T themselves, of length 1, in the order of falling eigenvalues, if
    those are apart. Row k waits for the rows before it: convergence takes longer, the closer the
    eigenvalues.

    Source: Sanger, Neural Networks 2, 1989.

    Args:
        weight: W [m, n].
        pre: presynaptic activity x [R, n].

    Returns:
        dW [m, n].

    Raises:
        ValueError: for shapes that do not fit.

    >>> import torch
    >>> sanger(torch.eye(2), torch.tensor([[1.0, 2.0]]))
    tensor([[0., 2.],
            [0., 0.]])
    """
    weights_and_rows("sanger", weight, pre)
    post = pre @ weight.T
    return (post.T @ pre - (post.T @ post).tril() @ weight) / len(pre)
