"""The presynaptic side of Conv2d."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from axonal import neuro
from axonal.hebbian.continual.presynaptic import Presynaptic, null_part


class Conv2dSide(Presynaptic[neuro.Conv2d]):
    """Rows are patches: n = C k k, one per place of the output."""

    def __init__(self, layer: neuro.Conv2d, name: str) -> None:
        super().__init__(layer, name)
        if layer.groups != 1:
            raise ValueError(
                f"{name} is a Conv2d of {layer.groups} groups, each with patches of its own: "
                "protect convolutions of one group, and leave it out of layers."
            )

    @property
    def features(self) -> int:
        """Directions n of a row."""
        return self.layer.weight[0].numel()

    def rows(self, x: Tensor) -> Tensor:
        """Rows [B places, n] of x [B, C, H, W]."""
        return self.patches(x).transpose(1, 2).flatten(0, 1)

    def patches(self, x: Tensor) -> Tensor:
        """Patches [B, n, places] of x [B, C, H, W]."""
        layer = self.layer
        both: Any = layer._reversed_padding_repeated_twice
        mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
        padded = F.pad(x, both, mode=mode)
        return F.unfold(padded, layer.kernel_size, layer.dilation, 0, layer.stride)

    def project(self, changes: list[Tensor], subspaces: Any) -> list[Tensor]:
        """Changes of the weights without what would change responses inside the subspaces."""
        flat = changes[0].flatten(1)
        mask = self.layer.mask
        if mask is None:
            left = subspaces.project(flat)
        else:
            exists = mask.flatten(1)
            left = null_part(flat * exists, subspaces.frozen * exists.unsqueeze(1))
        return [left.view_as(changes[0])]

    def weight_gradient(self, g: Tensor, rows: Tensor) -> Tensor:
        """The gradient of the weights for that of the output, g [B, D, H', W'], and rows."""
        flat = g.flatten(2).transpose(1, 2).flatten(0, 1)  # [B places, D]
        return (flat.T @ rows).view_as(self.layer.weight)
