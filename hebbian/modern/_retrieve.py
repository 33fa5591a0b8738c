"""Retrieval from a modern Hopfield memory and its energy, as plain functions."""

import math

import torch
from torch import Tensor

from axonal.hebbian.modern import _checks, _masks, _update


def retrieve(
    state: Tensor,
    patterns: Tensor,
    beta: float = 1.0,
    *,
    steps: int | None = 1,
    eps: float = 1e-4,
    mask: Tensor | None = None,
    backend: str = "auto",
) -> Tensor:
    """Move states towards stored patterns, xi <- X softmax(beta X^T xi).

    Every step lowers :func:`energy`. One step is attention, without projections or training, and
    goes through torch's fused attention. Each state moves by itself: what it becomes does not
    depend on the others of the batch.

    Args:
        state: xi [..., S, D], or one state [D].
        patterns: the N stored patterns, rows of X^T, [..., N, D]; leading axes broadcast.
        beta: inverse temperature >= 0; at 0 every state becomes the mean of the patterns.
        steps: number of updates >= 1; None goes on until convergence.
        eps: a state is frozen once its softmax moves by no more than this (Euclidean norm), >= 0.
        mask: which patterns to ignore, bool [..., N].
        backend: "auto", or "reference" for plain torch, which can be differentiated twice.

    Returns:
        The states after the last update, shaped as ``state``.

    Raises:
        ValueError: shapes that do not fit, a beta, steps or eps out of range, everything masked.
        TypeError: no floating-point tensors.

    Source: Ramsauer et al., Hopfield Networks is All You Need, ICLR 2021 (arXiv 2008.02217).

    >>> import torch
    >>> from axonal.hebbian.modern import retrieve
    >>> patterns = torch.tensor([[1.0, 1, 1, 1], [1, -1, 1, -1]])
    >>> retrieve(torch.tensor([0.9, -0.2, 1, 0]), patterns, beta=8, steps=None)
    tensor([ 1., -1.,  1., -1.])
    """
    who = "retrieve"
    xi, stored, bias = _prepared(state, patterns, mask, who)
    beta = _checks.inverse_temperature(beta, who)
    steps, eps = _checks.steps(steps, who), _checks.tolerance(eps, who)
    if steps == 1 and _update.known_backend(backend, who) == "auto":
        found = _update.attend(xi, stored, stored, beta, bias)
    else:
        _update.known_backend(backend, who)
        found = _update.associate(xi, stored, beta, bias, steps=steps, eps=eps) @ stored
    return found[..., 0, :] if state.ndim == 1 else found


def energy(
    state: Tensor, patterns: Tensor, beta: float = 1.0, *, mask: Tensor | None = None
) -> Tensor:
    """Energy that every step of :func:`retrieve` lowers; it is never negative.

    E(xi) = -lse(beta, X^T xi) + xi.xi / 2 + ln(N) / beta + M^2 / 2, with lse(beta, z) =
    ln(sum_i exp(beta z_i)) / beta and M the largest norm of a pattern.

    Args:
        state: xi [..., S, D], or one state [D].
        patterns: [..., N, D]; leading axes broadcast.
        beta: inverse temperature > 0.
        mask: which patterns to ignore, bool [..., N]; N and M count the others.

    Returns:
        E [..., S], or a number for one state.

    Raises:
        ValueError: shapes that do not fit, beta <= 0, everything masked.
        TypeError: no floating-point tensors.

    Source: Ramsauer et al., ICLR 2021 (arXiv 2008.02217), equation 2.

    >>> import torch
    >>> from axonal.hebbian.modern import energy, retrieve
    >>> patterns, state = torch.eye(3), torch.tensor([0.6, 0.3, 0.1])
    >>> bool(energy(retrieve(state, patterns, 2.0), patterns, 2.0) < energy(state, patterns, 2.0))
    True
    """
    who = "energy"
    xi, stored, bias = _prepared(state, patterns, mask, who)
    beta = _checks.inverse_temperature(beta, who, zero=False)
    logits = beta * (xi @ stored.transpose(-2, -1))
    squares = stored.square().sum(-1)
    number: float | Tensor = math.log(stored.shape[-2])
    if bias is not None:
        logits = logits + bias
        kept = ~torch.isneginf(bias)
        number = kept.sum(-1).to(xi.dtype).log()
        squares = squares.masked_fill(~kept.squeeze(-2), 0)
    lse = torch.logsumexp(logits, -1)
    largest = squares.amax(-1, keepdim=True)
    found = (number - lse) / beta + (xi.square().sum(-1) + largest) / 2
    return found[..., 0] if state.ndim == 1 else found


def _prepared(
    state: Tensor, patterns: Tensor, mask: Tensor | None, who: str
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Checked states [..., S, D], patterns [..., N, D] with the same leading axes, and a bias."""
    _checks.patterns(state, "state", who, "[..., S, D] or [D]", 0, least=1)
    _checks.patterns(patterns, "patterns", who, "[..., N, D]", 0)
    _checks.same_kind(state, patterns, ("state", "patterns"), who)
    _checks.not_empty(patterns, "patterns", who)
    bias = _masks.together(who, _masks.padding(mask, patterns, who))
    xi = state.unsqueeze(0) if state.ndim == 1 else state
    try:
        if xi.shape[-1] != patterns.shape[-1]:
            raise RuntimeError
        lead = torch.broadcast_shapes(xi.shape[:-2], patterns.shape[:-2])
    except RuntimeError:
        raise ValueError(
            f"{who} expects state [..., S, D] and patterns [..., N, D] with the same D and leading "
            f"axes that broadcast, got {tuple(state.shape)} and {tuple(patterns.shape)}."
        ) from None
    return xi.expand(*lead, *xi.shape[-2:]), patterns.expand(*lead, *patterns.shape[-2:]), bias
