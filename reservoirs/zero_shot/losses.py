"""Contrastive losses of paired embeddings, in both directions."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal._base import checks


def info_nce(
    first: Tensor,
    second: Tensor,
    temperature: float = 0.07,
    *,
    normalise: bool = True,
    labels: Tensor | None = None,
) -> Tensor:
    """Symmetric InfoNCE: each embedding is to find its partner among all of the batch.

        L = (H(P, softmax_j z_ij) + H(P, softmax_i z_ij)) / 2,   z = first second^T / temperature

    with H the mean cross-entropy over the batch and P the identity; with labels, P shares each row
    equally among all partners of its class, so that no pair of a class counts as a wrong one.

    Args:
        first: embeddings [B, D].
        second: their partners [B, D], row by row.
        temperature: > 0.
        normalise: divide embeddings by their lengths.
        labels: class of each pair [B], or None.

    Returns:
        a scalar.

    Raises:
        ValueError: for embeddings of unequal shape, an empty batch, or a temperature out of range.

    Source: Radford et al., arXiv 2103.00020, 2021; with labels, Khosla et al., arXiv 2004.11362,
    2020, for two modalities.

    >>> info_nce(torch.eye(2), torch.eye(2), temperature=1.0)
    tensor(0.3133)
    """
    logits = _logits("info_nce", first, second, temperature, normalise)
    if labels is None:
        targets = torch.eye(len(logits), dtype=logits.dtype, device=logits.device)
    else:
        if labels.shape != (len(logits),):
            raise ValueError(
                f"info_nce expects labels [{len(logits)}], one per pair, got {tuple(labels.shape)}."
            )
        same = (labels[:, None] == labels).to(logits.dtype)
        targets = same / same.sum(1, keepdim=True)
    # P is symmetric: pairs of one class have equal rows
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2


def soft_target_loss(
    first: Tensor, second: Tensor, temperature: float = 1.0, *, normalise: bool = False
) -> Tensor:
    """Contrastive loss whose targets are the likenesses within both modalities.

        L = (H(Q, softmax_j z_ij) + H(Q^T, softmax_i z_ij)) / 2
        z = first second^T / temperature
        Q = softmax_j ((first first^T + second second^T) / 2 temperature)

    The targets are differentiated, too, and the rows of Q^T do not sum to one. It is the form of
    small implementations of contrastive image-text models; names in the public part of the code of
    Lin, Wang et al. (arXiv 2307.00771) suggest it, which is **not verified**.

    Args:
        first: embeddings [B, D].
        second: their partners [B, D], row by row.
        temperature: > 0; it multiplies the targets and divides the logits.
        normalise: divide embeddings by their lengths.

    Returns:
        a scalar.

    Raises:
        ValueError: as :func:`info_nce`.

    >>> soft_target_loss(torch.eye(2), torch.eye(2))
    tensor(0.5822)
    """
    logits = _logits("soft_target_loss", first, second, temperature, normalise)
    if normalise:
        first, second = F.normalize(first, dim=-1), F.normalize(second, dim=-1)
    targets = ((first @ first.T + second @ second.T) / 2 * temperature).softmax(-1)
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets.T)) / 2


def _logits(who: str, first: Tensor, second: Tensor, temperature: float, normalise: bool) -> Tensor:
    """Logits [B, B] of checked embeddings."""
    if first.ndim != 2 or first.shape != second.shape:
        raise ValueError(
            f"{who} expects two sets of embeddings [B, D], partners row by row, got "
            f"{tuple(first.shape)} and {tuple(second.shape)}."
        )
    if first.numel() == 0:
        raise ValueError(f"{who} expects at least one pair, got {tuple(first.shape)}.")
    checks.number(who, "temperature", temperature, 0, open_low=True)
    if normalise:
        first, second = F.normalize(first, dim=-1), F.normalize(second, dim=-1)
    return first @ second.T / temperature
