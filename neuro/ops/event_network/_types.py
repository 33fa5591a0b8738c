"""Parts of an event-driven network and of its runs: blocks, synapses, states, events."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float64Array, IntegerArray


class Kind(IntEnum):
    """Kinds of neurons of a block; the equations are those of `EventNetwork`."""

    INTEGRATOR = 0
    LIF = 1
    CUBA = 2
    ALIF = 3
    RESONATOR = 4
    GRADED = 5


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
        readout: first column of an integrator in the readout; unused by other kinds.

    >>> Block(0, 10, Kind.LIF).stop
    10
    """

    start: int
    stop: int
    kind: Kind
    reset: Reset = Reset.ZERO
    refractory: int = 0
    readout: int = 0


class Synapses(NamedTuple):
    """A list of S synapses between flat sources and flat neurons.

    Args:
        pre: source of each synapse `[S]`.
        post: target neuron of each synapse `[S]`.
        weight: weight `[S]`.
        delay: steps between the event and its arrival `[S]`, at least 0.
        pre_offset: added to every ``pre``.
        post_offset: added to every ``post``.

    >>> Synapses(np.array([0]), np.array([1]), np.array([0.5]), np.array([2])).delay
    array([2])
    """

    pre: IntegerArray
    post: IntegerArray
    weight: npt.NDArray[np.floating[Any]]
    delay: IntegerArray
    pre_offset: int = 0
    post_offset: int = 0


class EventState(NamedTuple):
    """State from which a run goes on where another one stopped.

    Args:
        v: membranes `[B, N]`.
        trace: the second variable of kinds that have one, such as a synaptic current `[B, N]`.
        wait: refractory steps left `[B, N]`.
        ring: sums of input still under way `[B, D, N]`; the slot of step t is ``t % D``.
        step: steps already run.

    >>> v = np.zeros((1, 2))
    >>> EventState(v, v, np.zeros((1, 2), np.int32), np.zeros((1, 3, 2)), step=0).step
    0
    """

    v: Float64Array
    trace: Float64Array
    wait: npt.NDArray[np.int32]
    ring: Float64Array
    step: int


class Events(NamedTuple):
    """Events given from outside, ordered by sample, then step.

    Args:
        bounds: the events of sample b at step t are ``bounds[b * T + t] : bounds[b * T + t + 1]``,
            `[B * T + 1]`.
        source: flat source of each event `[E]`.
        value: value of each event, 1.0 for a spike `[E]`.

    >>> Events.of([np.ones((2, 1, 3))], [0], samples=1, steps=2).source.tolist()
    [0, 1, 2, 0, 1, 2]
    """

    bounds: npt.NDArray[np.int64]
    source: npt.NDArray[np.int64]
    value: Float64Array

    @classmethod
    def of(
        cls, arrays: Sequence[npt.NDArray[Any]], offsets: Sequence[int], samples: int, steps: int
    ) -> "Events":
        """List the non-zero cells of dense inputs.

        Args:
            arrays: inputs `[T, B, n]`, any real dtype.
            offsets: flat source of the first column of each input.
            samples: B.
            steps: T.

        Returns:
            the events.

        >>> Events.of([np.array([[[0.0, 2.0]]])], [5], samples=1, steps=1).source.tolist()
        [6]
        """
        cells, sources, values = [], [], []
        for x, offset in zip(arrays, offsets, strict=True):
            sample, step, column = np.nonzero(x.swapaxes(0, 1))
            cells.append(sample * steps + step)
            sources.append(column + offset)
            values.append(x[step, sample, column].astype(np.float64))
        cell = np.concatenate([np.zeros(0, np.int64), *cells])
        source = np.concatenate([np.zeros(0, np.int64), *sources])
        value = np.concatenate([np.zeros(0), *values])
        if len(arrays) > 1:
            order = np.argsort(cell, kind="stable")
            cell, source, value = cell[order], source[order], value[order]
        bounds = np.zeros(samples * steps + 1, np.int64)
        np.cumsum(np.bincount(cell, minlength=samples * steps), out=bounds[1:])
        return cls(bounds, source, value)
