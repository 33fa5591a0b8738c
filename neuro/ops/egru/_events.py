"""Events of gated units."""

from typing import NamedTuple

from torch import Tensor


class Events(NamedTuple):
    """When units send, and what a gradient makes of it.

    Attributes:
        threshold: theta [N], >= 0.
        damping: height of the pseudo-derivative.
        support: the inverse of its half-width.
    """

    threshold: Tensor
    damping: float
    support: float
