"""Connections of event-based gated units with each other."""

from typing import NamedTuple

from torch import Tensor


class Feedback(NamedTuple):
    """Product ``W y_{t-1} + b`` that units hear at step t.

    Attributes:
        weight: W [3N, N], a row per unit of each of the gates z, r and g.
        bias: b [3N].
    """

    weight: Tensor
    bias: Tensor
