"""One decision of a stream."""

from typing import NamedTuple

from torch import Tensor


class Decision(NamedTuple):
    """A decision after a step of a stream.

    Attributes:
        step: number of the step since rest, from 0.
        labels: class of highest score of each sample [B].
        scores: scores of the readout rule over the steps so far [B, C].
        seconds: latency, from the arrival of the step to its decision.
    """

    step: int
    labels: Tensor
    scores: Tensor
    seconds: float
