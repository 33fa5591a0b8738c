"""The fast sigmoid of SuperSpike."""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from axonal.neuro.surrogates._surrogate import Surrogate


@dataclass(frozen=True)
class FastSigmoid(Surrogate):
    """Fast sigmoid of SuperSpike, ``ds/du = 1 / (1 + alpha |u|)^2``.

    Source: Zenke and Ganguli, Neural Computation 2018 (arXiv 1705.11146).

    >>> import torch
    >>> FastSigmoid(alpha=10.0).derivative(torch.tensor([0.1]))
    tensor([0.2500])
    """

    alpha: float = 10.0
    name: ClassVar[str] = "fast_sigmoid"
    cuda: ClassVar[str] = """
        const state z = alpha * magnitude(u);
        return quotient(one, (one + z) * (one + z));
    """

    @staticmethod
    def slope(u: Tensor, alpha: float) -> Tensor:
        """Return ``ds/du`` at ``u`` [...]."""
        return 1 / (1 + alpha * u.abs()).square()

    @staticmethod
    def scalar(u: Any, alpha: Any, number: Any) -> Any:
        """Return ``ds/du`` of one number."""
        one = number(1)
        u = one + number(alpha) * abs(u)
        return one / (u * u)
