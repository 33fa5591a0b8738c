"""The update of a modern Hopfield memory: its definition, and one step as torch's attention."""

import itertools
import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

LONGEST = 10_000
BACKENDS = ("auto", "reference")


def state_change(difference: Tensor) -> Tensor:
    """Change of the weights [..., S, N] of each state, [..., S, 1]."""
    moved: Tensor = torch.linalg.vector_norm(difference, dim=-1, keepdim=True)
    return moved


def head_change(difference: Tensor) -> Tensor:
    """Largest change in the batch of the weights [B, H, S, N] of each head, [1, H, 1, 1]."""
    moved: Tensor = torch.linalg.vector_norm(difference, dim=(-2, -1), keepdim=True)
    return moved.amax(0, keepdim=True)


def associate(
    state: Tensor,
    stored: Tensor,
    beta: float | Tensor,
    bias: Tensor | None,
    *,
    steps: int | None,
    eps: float,
    change: Callable[[Tensor], Tensor] = state_change,
) -> Tensor:
    """Weights of the last of several updates, the definition in plain torch.

    p <- softmax(beta Q K^T + bias), then Q <- p K, for those that still move by more than eps.

    Args:
        state: Q [..., S, D].
        stored: K [..., N, D].
        beta: inverse temperature, or one that broadcasts to Q.
        bias: added to the logits [..., S, N]; minus infinity ignores a pattern.
        steps: number of softmaxes, >= 1; None until nothing moves.
        eps: what moves less than this is frozen.
        change: measures the movement of weights; one value for all that freeze together.

    Returns:
        p [..., S, N].
    """
    keys = stored.transpose(-2, -1)

    def softmax(q: Tensor) -> Tensor:
        logits = (q * beta) @ keys
        return torch.softmax(logits if bias is None else logits + bias, -1)

    weights = softmax(state)
    if not weights.numel():
        return weights
    active: Tensor | None = None
    for done in itertools.count(1):
        if done == steps:
            break
        if done == LONGEST and steps is None:
            warnings.warn(
                f"a Hopfield retrieval still moves by more than eps = {eps:g} after {LONGEST} "
                "steps and was stopped: take a larger eps, a smaller beta, or float64.",
                RuntimeWarning,
                stacklevel=3,
            )
            break
        new = softmax(weights @ stored)
        moves = change((new - weights).detach()) > eps
        weights = new if active is None else torch.where(active, new, weights)
        active = moves if active is None else active & moves
        # a compiler cannot look at values: frozen weights then stay frozen until the last step
        if not (torch.compiler.is_compiling() and steps is not None) and not active.any():
            break
    return weights


def attend(
    state: Tensor,
    stored: Tensor,
    values: Tensor,
    beta: float | Tensor,
    bias: Tensor | None,
    dropout: float = 0.0,
) -> Tensor:
    """One update, softmax(beta Q K^T + bias) V, by torch's fused attention [..., S, V]."""
    if isinstance(beta, Tensor):
        state, beta = state * beta, 1.0
    return functional.scaled_dot_product_attention(
        state, stored, values, attn_mask=bias, dropout_p=dropout, scale=beta
    )


def known_backend(backend: str, who: str) -> str:
    """Return the name of a back end, refuse an unknown one."""
    if backend not in BACKENDS:
        raise ValueError(
            f"{who} expects backend to be one of {', '.join(map(repr, BACKENDS))}, got {backend!r}."
        )
    return backend
