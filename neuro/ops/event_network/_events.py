"""Events from outside, and the state that a run of events leaves."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float64Array


class EventState(NamedTuple):
    """State from which a run goes on where another one stopped.

    Args:
        v: membranes `[B, N]`.
        trace: the second variable of kinds that have one, such as a synaptic current, and behind
            those of all neurons the third ones `[B, N + thirds]`.
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
