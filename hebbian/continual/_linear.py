"""The presynaptic side of Linear."""

from typing import Any

from torch import Tensor

from axonal import neuro
from axonal.hebbian.continual.presynaptic import Presynaptic, null_part


class LinearSide(Presynaptic[neuro.Linear]):
    """Rows are inputs: z = x, K = W."""

    @property
    def features(self) -> int:
        """Directions n of a row."""
        return self.layer.in_features

    def rows(self, x: Tensor) -> Tensor:
        """Rows [B, n] of x [B, n]."""
        return x

    def project(self, changes: list[Tensor], subspaces: Any) -> list[Tensor]:
        """Changes of the weights without what would change responses inside the subspaces."""
        (change,) = changes
        mask = self.layer.mask
        if mask is None:
            return [subspaces.project(change)]
        # what a synapse that does not exist would take up has to go elsewhere
        return [null_part(change * mask, subspaces.frozen * mask.unsqueeze(1))]

    def weight_gradient(self, g: Tensor, rows: Tensor) -> Tensor:
        """The gradient of the weights for that of the output, g [B, O], and rows [B, n]."""
        return g.T @ rows
