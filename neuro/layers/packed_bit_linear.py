"""Ternary connections for inference, whose weights take two bits each."""

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro.layers._ternary import LEAST
from axonal.neuro.layers.bit_linear import EPS, LEVELS, BitLinear
from axonal.neuro.ops.ternary_product import pack, ternary_product

M = TypeVar("M", bound=nn.Module)


class PackedBitLinear(nn.Module):
    """:class:`BitLinear` for inference on the CPU: two bits per weight, sums in place of products.

    Without gradients. What is rounded to eight bits is added as whole numbers, exactly.

    Args:
        layer: whose weights are packed.

    Returns:
        Called with x [..., N]: y [..., M].

    >>> layer = BitLinear(8, 4)
    >>> packed = PackedBitLinear(layer)
    >>> packed.packed.shape
    torch.Size([4, 2])
    >>> x = torch.randn(3, 8)
    >>> torch.allclose(packed(x), layer(x), rtol=1e-4, atol=1e-6)
    True
    """

    packed: Tensor
    scale: Tensor
    norm_weight: Tensor | None

    def __init__(self, layer: BitLinear) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        signs, scale = layer.ternary()
        norm = layer.norm_weight
        self.register_buffer("packed", torch.from_numpy(pack(signs.numpy())))
        self.register_buffer("scale", scale)
        self.register_buffer("norm_weight", None if norm is None else norm.detach().clone())

    @property
    def dtype(self) -> torch.dtype:
        """Type of what comes out."""
        return self.scale.dtype

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Connect ``x`` [..., N]."""
        scale = self.scale
        if self.norm_weight is not None:
            x = F.rms_norm(x, (self.in_features,), self.norm_weight, EPS)
            size = LEVELS / x.abs().amax(-1, keepdim=True).clamp(min=LEAST)
            x, scale = (x * size).round().clamp(-128, 127), scale / size
        rows = x.reshape(-1, self.in_features).float().numpy()
        y = torch.from_numpy(ternary_product(rows, self.packed.numpy()))
        return y.view(*x.shape[:-1], self.out_features).to(x.dtype) * scale

    @staticmethod
    def everywhere(model: M) -> M:
        """Return a copy of a model, in evaluation mode, all of whose ternary layers are packed."""
        made = copy.deepcopy(model)
        for module in list(made.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, BitLinear):
                    setattr(module, name, PackedBitLinear(child))
        return made.eval()

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{self.in_features}, {self.out_features}"
