"""Matrices of a Legendre memory, continuous and per step."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

DISCRETIZATIONS = ("zoh", "euler")


def matrices(
    order: int,
    theta: float | Tensor,
    *,
    discretization: str = "zoh",
    dtype: torch.dtype | None = None,
) -> tuple[Tensor, Tensor]:
    """Matrices A and B of one step of a memory of the last theta steps.

    In continuous time, with i, j = 0 .. q-1,

        A_ij = (2i + 1) / theta · (-1 if i < j else (-1)^(i - j + 1))
        B_i = (2i + 1) / theta · (-1)^i

    and per step ``exp(A)`` and ``A^-1 (exp(A) - I) B`` where the input stays for a step ("zoh"), or
    ``I + A`` and ``B`` ("euler"). The window at delay s is read with shifted Legendre polynomials,
    ``u(t - s) = Σ_i P_i(2 s / theta - 1) m_i`` (Voelker, Kajić and Eliasmith, NeurIPS 2019).

    Args:
        order: q >= 1.
        theta: length of the window in steps, > 0; a tensor lets it learn.
        discretization: ``"zoh"`` or ``"euler"``; Euler's needs theta > 4 q to be stable.
        dtype: of the result; torch's default if it is ``None``. It is computed in float64.

    Returns:
        A [q, q] and B [q].

    Raises:
        ValueError: a value is out of range.

    >>> a, b = matrices(4, 4.0)
    >>> b
    tensor([ 0.2449, -0.5742,  0.4676, -0.0183])
    """
    number = float(theta.detach() if isinstance(theta, Tensor) else theta)
    if not (isinstance(order, int) and order >= 1):
        raise ValueError(f"a Legendre memory expects an order q >= 1, got {order!r}.")
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"a Legendre memory expects theta > 0 steps, got {number:g}.")
    if discretization not in DISCRETIZATIONS:
        known = ", ".join(DISCRETIZATIONS)
        raise ValueError(f"unknown discretization {discretization!r}; known: {known}.")
    if discretization == "euler" and number <= 4 * order:
        raise ValueError(
            f'a Legendre memory with "euler" expects theta > 4 q = {4 * order} steps, got '
            f'{number:g}, with which it grows without bound: use "zoh" or a lower order.'
        )
    length = theta if isinstance(theta, Tensor) else torch.tensor(number)
    dtype = torch.get_default_dtype() if dtype is None else dtype
    rank = torch.arange(order, dtype=torch.float64, device=length.device)
    i, j = rank[:, None], rank
    signs = torch.where(i < j, -1.0, (-1.0) ** (i - j + 1))
    scale = 1 / length.double()
    a, b = (2 * i + 1) * signs * scale, (2 * rank + 1) * (-1.0) ** rank * scale
    if discretization == "euler":
        own, heard = torch.eye(order, dtype=torch.float64, device=length.device) + a, b
    else:
        # the exponential of both at once needs no inverse of A
        both = F.pad(torch.cat((a, b[:, None]), dim=1), (0, 0, 0, 1))
        whole = torch.linalg.matrix_exp(both)
        own, heard = whole[:order, :order], whole[:order, order]
    return own.to(dtype), heard.to(dtype)
