"""Memory that a rule keeps, counted and measured."""

from typing import NamedTuple


class Stored(NamedTuple):
    """Bytes that a rule keeps from the forward pass of a batch until its gradients are there.

    Args:
        activity: of inputs and potentials that wait for a backward pass, at most at one time.
        traces: of what is carried from step to step, states of neurons included.
        own: of what the rule has beside the network: feedback matrices, readouts, prototypes.

    >>> Stored(activity=100, traces=20, own=3).total
    123
    """

    activity: int
    traces: int = 0
    own: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)
