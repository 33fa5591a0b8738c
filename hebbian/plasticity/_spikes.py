"""Checks and terms that rules of spikes share."""

import math

from torch import Tensor


def synapses(who: str, weight: Tensor, pre: Tensor, post: Tensor) -> None:
    """Refuse activity that does not fit weights [M, N]."""
    if weight.ndim != 2:
        raise ValueError(f"{who} expects weights [M, N], targets first, got {tuple(weight.shape)}.")
    targets, sources = weight.shape
    for name, given, size, axes in (("pre", pre, sources, "N"), ("post", post, targets, "M")):
        if given.ndim != 2 or given.shape[1] != size or not len(given):
            raise ValueError(
                f"{who} expects {name} [B, {axes}] of one step with {axes} = {size}, got "
                f"{tuple(given.shape)}. Weights are [M, N], targets first; for a sequence call it "
                "step by step."
            )
    if len(pre) != len(post):
        raise ValueError(
            f"{who} expects pre and post of one batch, got B = {len(pre)} and {len(post)}."
        )


def same(who: str, what: str, given: Tensor, wanted: Tensor) -> None:
    """Refuse a trace that belongs to other activity."""
    if given.shape != wanted.shape:
        raise ValueError(
            f"{who} expects {what} {tuple(wanted.shape)}, got {tuple(given.shape)}: pass the "
            "traces that the step before returned, or None at the start of a sequence."
        )


def decay(tau: float) -> float:
    """Factor per step of a trace with a time constant in steps."""
    return math.exp(-1.0 / tau)


def outer(post: Tensor, pre: Tensor) -> Tensor:
    """Products of every target and source, mean over samples [M, N]."""
    return post.T @ pre / len(pre)
