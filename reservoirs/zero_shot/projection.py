"""A trained projection from features to the space that two modalities share."""

import torch
from torch import Tensor, nn

from axonal._base import checks
from axonal._base.array_types import Float64Array


class Projection(nn.Module):
    """Linear map, GELU and an optional layer norm, of features that are scaled first.

        z = norm(GELU(W (f - shift) / scale + b))

    Args:
        features: F.
        size: D, that of the embedding.
        norm: end with a layer norm.
        shift: subtracted from the features [F], not trained; 0 by default.
        scale: divides them [F], not trained; 1 by default.

    Returns:
        Called with features [B, F]: embeddings [B, D].

    >>> Projection(200, 64)(torch.zeros(3, 200)).shape
    torch.Size([3, 64])
    """

    shift: Tensor
    scale: Tensor

    def __init__(
        self,
        features: int,
        size: int = 64,
        *,
        norm: bool = False,
        shift: Float64Array | None = None,
        scale: Float64Array | None = None,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        features = checks.whole_number(who, "features", features)
        size = checks.whole_number(who, "size", size)
        self.linear = nn.Linear(features, size)
        self.norm = nn.LayerNorm(size) if norm else nn.Identity()
        kept = self.linear.weight.dtype
        for name, given, otherwise in (("shift", shift, 0.0), ("scale", scale, 1.0)):
            value = torch.full((features,), otherwise) if given is None else torch.as_tensor(given)
            self.register_buffer(name, value.to(kept))

    def forward(self, features: Tensor) -> Tensor:
        """Embeddings [B, D] of features [B, F]."""
        scaled = (features - self.shift) / self.scale
        embedded: Tensor = self.norm(nn.functional.gelu(self.linear(scaled)))
        return embedded
