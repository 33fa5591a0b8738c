"""Spikes drawn from rates, compiled: the numbers depend on seed, sample, step and input alone."""

import numpy as np

from axonal._base.array_types import Float64Array, Int64Array
from axonal._base.jit import jit, kernel
from axonal._base.rows import with_room
from axonal.neuro.ops.event_network import Events

# splitmix64 (Steele, Lea and Flood, 2014): a bijection that scatters consecutive numbers
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_A, _B, _C = np.uint64(30), np.uint64(27), np.uint64(31)
_KEPT, _UNIT = np.uint64(11), 2.0**-53


@jit
def _scattered(z):  # type: ignore[no-untyped-def]
    z = (z ^ (z >> _A)) * _FIRST
    z = (z ^ (z >> _B)) * _SECOND
    return z ^ (z >> _C)


@kernel
def _draw(rates, seed, numbers, steps, offset):  # type: ignore[no-untyped-def]
    samples, inputs = rates.shape
    bounds = np.zeros(samples * steps + 1, np.int64)
    source = np.empty(1024, np.int64)
    active = np.empty(inputs, np.int64)
    count = 0
    for b in range(samples):
        size = 0
        for i in range(inputs):
            if rates[b, i] > 0.0:
                active[size] = i
                size += 1
        own = _scattered(np.uint64(seed) + _STEP * np.uint64(numbers[b]))
        for t in range(steps):
            now = _scattered(own + _STEP * np.uint64(t + 1))
            source = with_room(source, count + size)
            for k in range(size):
                i = active[k]
                drawn = _scattered(now + _STEP * np.uint64(i + 1))
                if float(drawn >> _KEPT) * _UNIT < rates[b, i]:
                    source[count] = offset + i
                    count += 1
            bounds[b * steps + t + 1] = count
    return bounds, source[:count].copy()


def bernoulli(
    rates: Float64Array, steps: int, *, seed: int, numbers: Int64Array, offset: int, value: float
) -> Events:
    """Draw whether each input has an event at each step.

    Args:
        rates: probability of an event per step, in [0, 1] `[B, M]`.
        steps: number of steps T.
        seed: of the random numbers.
        numbers: number of each sample, which tells its events from those of others `[B]`.
        offset: source of the first input.
        value: value of every event.

    Returns:
        the events, the same for a sample in whatever company it is drawn.

    >>> drawn = bernoulli(np.array([[0.0, 1.0]]), 3, seed=0, numbers=np.array([7]), offset=4,
    ...                   value=100.0)
    >>> drawn.source.tolist(), drawn.bounds.tolist()
    ([5, 5, 5], [0, 1, 2, 3])
    """
    bounds, source = _draw(rates, np.uint64(seed), numbers, steps, offset)
    return Events(bounds, source, np.full(len(source), value))
