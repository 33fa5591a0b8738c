"""Loss of language models."""

import torch.nn.functional as F
from torch import Tensor


def next_token_loss(logits: Tensor, targets: Tensor, *, pull: float = 0.0) -> Tensor:
    """Mean of -ln p of the next tokens, in nats.

    Args:
        logits: [T, B, V].
        targets: the tokens that came next [T, B].
        pull: adds ``pull / (T B)`` times the largest logit of every step to the gradient of that
            logit, and nothing to the value: logits stay near zero. RWKV and SpikeGPT have 1e-4.

    Returns:
        one number.

    Raises:
        ValueError: for shapes that do not fit.

    >>> import torch
    >>> next_token_loss(torch.zeros(3, 2, 4), torch.zeros(3, 2, dtype=torch.long))
    tensor(1.3863)
    """
    if logits.ndim != 3 or targets.shape != logits.shape[:2]:
        raise ValueError(
            f"next_token_loss expects logits [T, B, V] and targets [T, B], got "
            f"{tuple(logits.shape)} and {tuple(targets.shape)}."
        )
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    if pull:
        held = 0.5 * pull * logits.amax(-1).square().mean()
        loss = loss + (held - held.detach())
    return loss
