"""A layer seen from its presynaptic side: activity as rows, and weights as what meets them."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

L = TypeVar("L", bound=nn.Module)


class Presynaptic(ABC, Generic[L]):
    """A layer that computes sum_j K_oj z_j, with presynaptic rows z [R, n] and weights K [O, n].

    Abstract: a further kind of layer is a subclass.

    Args:
        layer: whose activity is looked at.
        name: of the layer, for messages.

    Attributes:
        features: n, directions of a row.
    """

    rate_means_all: ClassVar[bool] = True
    """Whether the mean over time tells which directions were used."""

    def __init__(self, layer: L, name: str) -> None:
        self.layer, self.name = layer, name

    @property
    @abstractmethod
    def features(self) -> int:
        """Directions n of a row."""

    @abstractmethod
    def rows(self, x: Tensor) -> Tensor:
        """Rows [R, n] of inputs [B, ...] of one step, or of rates."""

    def steps(self, x: Tensor, inputs: tuple[Any, ...]) -> Tensor:
        """Rows [T B, n] of all steps of x [T, B, ...]; ``inputs`` are those of the layer."""
        return self.rows(x.flatten(0, 1))

    def sampled(self, x: Tensor, inputs: tuple[Any, ...]) -> Tensor:
        """Rows [B, n] of x [T, B, ...], of one step per sample, drawn at random."""
        chosen = torch.randint(len(x), (x.shape[1],), device=x.device)
        return self.rows(x[chosen, torch.arange(x.shape[1], device=x.device)])

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The parameters that are projected, the weights first."""
        weight: Any = self.layer.weight
        return [weight]

    @abstractmethod
    def project(self, changes: list[Tensor], subspaces: Any) -> list[Tensor]:
        """Changes of `parameters` without what would change responses inside the subspaces."""

    @abstractmethod
    def weight_gradient(self, g: Tensor, rows: Tensor) -> Tensor:
        """The gradient of the weights for that of the output, g [B, ...], and rows [R, n]."""


def null_part(change: Tensor, constraints: Tensor) -> Tensor:
    """The part of changes [O, p] that meets A_o change_o = 0, for A [O, m, p].

    change_o - A_o^T (A_o A_o^T)^+ A_o change_o: the nearest change that leaves the m protected
    responses of every output as they are, to first order. Directions that a constraint hardly
    reaches, below 1e-5 of the largest, count as unreached.

    >>> null_part(torch.ones(1, 2), torch.tensor([[[1.0, 1.0]]])).abs().max() < 1e-6
    tensor(True)
    """
    a = constraints.double()
    gram = a @ a.mT
    wanted = (a @ change.double().unsqueeze(-1)).squeeze(-1)
    size = gram.diagonal(dim1=-2, dim2=-1).amax(-1, keepdim=True)
    jitter = 1e-10 * size + torch.finfo(torch.float64).tiny
    factor = torch.linalg.cholesky(gram + torch.diag_embed(jitter.expand_as(wanted)))
    multipliers = torch.cholesky_solve(wanted.unsqueeze(-1), factor)
    return change - (a.mT @ multipliers).squeeze(-1).to(change)
