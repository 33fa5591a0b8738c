"""The triangular surrogate."""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from axonal.neuro.surrogates._surrogate import Surrogate


@dataclass(frozen=True)
class Triangle(Surrogate):
    """Triangular surrogate, ``ds/du = max(0, 1 - alpha |u|)``; its half-width is ``1 / alpha``.

    Source: Esser et al., PNAS 2016 (arXiv 1603.08270).

    >>> import torch
    >>> Triangle(alpha=1.0).derivative(torch.tensor([0.25]))
    tensor([0.7500])
    """

    alpha: float = 1.0
    name: ClassVar[str] = "triangle"
    cuda: ClassVar[str] = """
        const state z = alpha * magnitude(u);
        return z < one ? one - z : state(0);
    """

    @staticmethod
    def slope(u: Tensor, alpha: float) -> Tensor:
        """Return ``ds/du`` at ``u`` [...]."""
        return (1 - alpha * u.abs()).clamp(min=0)

    @staticmethod
    def scalar(u: Any, alpha: Any, number: Any) -> Any:
        """Return ``ds/du`` of one number."""
        return max(number(0), number(1) - number(alpha) * abs(u))
