"""Events of gated units."""

from typing import NamedTuple

from torch import Tensor


class Events(NamedTuple):
    """The rule by which units send, and its pseudo-derivative.

    Attributes:
        threshold: theta [N], >= 0.
        damping: height of the pseudo-derivative.
        support: the inverse of its half-width.
    """

    threshold: Tensor
    damping: float
    support: float
