"""Parameters of neurons of any kind."""

from typing import NamedTuple

from torch import Tensor


class Parameters(NamedTuple):
    """Parameters that hold for all steps, each a scalar or one per neuron.

    Attributes:
        decay: d, factor per step of the potential.
        threshold: potential at which a neuron at rest fires.
        other: factor per step of the second number.
        gain: rise of the threshold with the second number.
    """

    decay: Tensor
    threshold: Tensor
    other: Tensor
    gain: Tensor
