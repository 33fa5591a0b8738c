"""The arctangent surrogate."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from axonal.neuro.surrogates._surrogate import Surrogate


@dataclass(frozen=True)
class ATan(Surrogate):
    """Arctangent surrogate, ``ds/du = (alpha / 2) / (1 + (pi alpha u / 2)^2)``.

    Source: Fang et al., ICCV 2021 (arXiv 2007.05785).

    >>> import torch
    >>> ATan(alpha=2.0).derivative(torch.zeros(1))
    tensor([1.])
    """

    alpha: float = 2.0
    name: ClassVar[str] = "atan"
    cuda: ClassVar[str] = """
        const state z = state(1.5707963267948966) * alpha * u;
        return quotient(alpha / 2, one + z * z);
    """

    @staticmethod
    def slope(u: Tensor, alpha: float) -> Tensor:
        """Return ``ds/du`` at ``u`` [...]."""
        return (alpha / 2) / (1 + (math.pi / 2 * alpha * u).square())

    @staticmethod
    def scalar(u: Any, alpha: Any, number: Any) -> Any:
        """Return ``ds/du`` of one number."""
        u *= number(alpha * math.pi / 2)
        return number(alpha / 2) / (number(1) + u * u)
