"""The logistic surrogate."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from axonal.neuro.surrogates._surrogate import Surrogate


@dataclass(frozen=True)
class Sigmoid(Surrogate):
    """Logistic surrogate, ``ds/du = alpha sigma(alpha u) (1 - sigma(alpha u))``.

    >>> Sigmoid(alpha=4.0).derivative(torch.zeros(1))
    tensor([1.])
    """

    alpha: float = 4.0
    name: ClassVar[str] = "sigmoid"
    # symmetric in u, so that the exponential never overflows
    cuda: ClassVar[str] = """
        const state e = exponential(-magnitude(alpha * u));
        return quotient(alpha * e, (one + e) * (one + e));
    """

    @staticmethod
    def slope(u: Tensor, alpha: float) -> Tensor:
        """Return ``ds/du`` at ``u`` [...]."""
        s = torch.sigmoid(alpha * u)
        return alpha * s * (1 - s)

    @staticmethod
    def scalar(u: Any, alpha: Any, number: Any) -> Any:
        """Return ``ds/du`` of one number."""
        one, a = number(1), number(alpha)
        # exp(-|a u|), to 1e-5 in single precision: a power series of its 64th, squared six times.
        # Unlike the library's it has a form for vectors; the slope below exp(-40) is nothing.
        y = max(-abs(a * u), number(-40)) * number(1 / 64)
        e = number(1 / 40320) + y * (number(1 / 362880) + y / number(3628800))
        e = number(1 / 720) + y * (number(1 / 5040) + y * e)
        e = number(1 / 24) + y * (number(1 / 120) + y * e)
        e = one + y * (one + y * (number(1 / 2) + y * (number(1 / 6) + y * e)))
        e *= e
        e *= e
        e *= e
        e *= e
        e *= e
        e *= e
        return a * e / ((one + e) * (one + e))
