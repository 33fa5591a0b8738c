"""Blocks of neurons of one kind."""

from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """Kinds of neurons of a block; the equations are those of `EventNetwork`."""

    INTEGRATOR = 0
    LIF = 1
    CUBA = 2
    ALIF = 3
    RESONATOR = 4
    GRADED = 5
    LINEAR = 6
    EGRU = 7
    CURRENT_INTEGRATOR = 8
    KLIF = 9
    LSNN = 10
    ADEX = 11


READ = (Kind.INTEGRATOR, Kind.CURRENT_INTEGRATOR)
"""Kinds whose membranes are the readout."""


THIRD = (Kind.LSNN, Kind.ADEX)
"""Kinds with a third variable, which lies behind the traces of all neurons."""


class Reset(IntEnum):
    """Membrane after a spike: zero, lower by the threshold, or at the threshold."""

    ZERO = 0
    SUBTRACT = 1
    THRESHOLD = 2


class Block(NamedTuple):
    """Consecutive neurons ``start .. stop - 1`` of one kind.

    Args:
        start: first neuron.
        stop: one after the last neuron.
        kind: equations of its neurons.
        reset: membrane after a spike; unused by integrators.
        refractory: steps after a spike in which membrane and input are ignored.
        readout: first column of an integrator in the readout, or of a third variable among these.

    >>> Block(0, 10, Kind.LIF).stop
    10
    """

    start: int
    stop: int
    kind: Kind
    reset: Reset = Reset.ZERO
    refractory: int = 0
    readout: int = 0
