"""What an event-driven kernel runs: neurons in blocks, synapses by source, events by step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal.neuro.ops.events._footprint import (
    CHUNK,
    index_type,
    network_bytes,
    require,
    state_bytes,
)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer[Any]]


class Block(NamedTuple):
    """Consecutive neurons ``start .. stop - 1`` of one kind.

    Args:
        start: first neuron.
        stop: one after the last neuron.
        spiking: True for leaky integrate-and-fire, False for an integrator that is read out.
        subtract: after a spike, subtract the threshold (True) or go to zero (False).
        refractory: steps after a spike in which membrane and input are ignored.
        readout: first column of an integrator in the readout; unused for spiking blocks.

    >>> Block(0, 10, spiking=True).stop
    10
    """

    start: int
    stop: int
    spiking: bool
    subtract: bool = False
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

    pre: Integers
    post: Integers
    weight: npt.NDArray[np.floating[Any]]
    delay: Integers
    pre_offset: int = 0
    post_offset: int = 0


class EventState(NamedTuple):
    """Everything a run needs to go on where another one stopped.

    Args:
        v: membranes `[B, N]`.
        wait: refractory steps left `[B, N]`.
        ring: sums of input still under way `[B, D, N]`; the slot of step t is ``t % D``.
        step: steps already run.

    >>> EventState(np.zeros((1, 2)), np.zeros((1, 2), np.int32), np.zeros((1, 3, 2)), 0).step
    0
    """

    v: Floats
    wait: npt.NDArray[np.int32]
    ring: Floats
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
    value: Floats

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


@dataclass(frozen=True, eq=False)
class EventNetwork:
    """A network of flat neurons, made by `EventNetwork.build`.

    At step t, block after block,

        I = bias + Σ w · x(t - delay)
        spiking:     h = decay · v + gain · I,  s = h >= threshold,  v = h, reset where s
        integrator:  v = decay · v + gain · I

    Sources 0 .. N-1 are the neurons themselves; sources from N on are given from outside.

    Args:
        decay: membrane kept per step `[N]`.
        gain: factor of the input `[N]`.
        bias: input of every step `[N]`.
        threshold: a neuron spikes at or above it `[N]`; unused by integrators.
        blocks: neurons of one kind, in the order in which they are updated.
        steady: sources that emit 1.0 at every step `[C]`.
        indptr: the synapses of source s are ``indptr[s] : indptr[s + 1]``.
        target: ``delay * N + post`` of each synapse: its place in the ring of sums.
        weight: weight of each synapse, float32 where that loses nothing.
        depth: slots of the ring, the longest delay + 1.
    """

    decay: Floats
    gain: Floats
    bias: Floats
    threshold: Floats
    blocks: tuple[Block, ...]
    steady: npt.NDArray[np.int64]
    indptr: npt.NDArray[np.int64]
    target: npt.NDArray[np.unsignedinteger[Any]]
    weight: npt.NDArray[np.floating[Any]]
    depth: int

    @property
    def neurons(self) -> int:
        """Number of neurons N."""
        return len(self.decay)

    @property
    def columns(self) -> int:
        """Number of integrators, the columns of the readout."""
        return sum(block.stop - block.start for block in self.blocks if not block.spiking)

    @classmethod
    def build(
        cls,
        *,
        decay: npt.ArrayLike,
        gain: npt.ArrayLike,
        bias: npt.ArrayLike,
        threshold: npt.ArrayLike,
        blocks: Iterable[Block],
        synapses: Sequence[Synapses],
        external: int = 0,
        steady: Iterable[int] = (),
    ) -> "EventNetwork":
        """Sort synapses by source; within a source they keep the order in which they were given.

        Args:
            decay: membrane kept per step `[N]`.
            gain: factor of the input `[N]`.
            bias: input of every step `[N]`.
            threshold: threshold `[N]`.
            blocks: blocks that cover 0 .. N-1 in order.
            synapses: lists of synapses.
            external: number of sources given from outside.
            steady: those of them (flat numbers from N on) that emit 1.0 at every step.

        Returns:
            the network.

        Raises:
            ValueError: an index is out of range, a delay is negative, or blocks leave a gap.
            MemoryError: the synapses do not fit into what is free.

        >>> chain = Synapses(np.array([1]), np.array([0]), np.array([1.0]), np.array([3]))
        >>> cell = dict(decay=[0.5], gain=[1], bias=[0], threshold=[1], blocks=[Block(0, 1, True)])
        >>> EventNetwork.build(**cell, synapses=[chain], external=1).depth
        4
        """
        cells = [np.array(field, dtype=np.float64) for field in (decay, gain, bias, threshold)]
        neurons = len(cells[0])
        blocks = tuple(blocks)
        edges = [0, *(block.stop for block in blocks)]
        if [block.start for block in blocks] != edges[:-1] or edges[-1] != neurons:
            raise ValueError(f"blocks must cover neurons 0 to {neurons - 1} in order, got {blocks}")
        if any(len(field) != neurons for field in cells):
            lengths = [len(field) for field in cells]
            raise ValueError(f"decay, gain, bias and threshold differ in length: {lengths}")
        sources = neurons + external
        always = np.array(list(steady), dtype=np.int64)
        if always.size and not (neurons <= always.min() and always.max() < sources):
            raise ValueError(f"steady sources must lie in {neurons} .. {sources - 1}")
        depth = 1
        for part in synapses:
            _inside("source", part.pre, part.pre_offset, sources)
            _inside("target", part.post, part.post_offset, neurons)
            _inside("delay", part.delay, 0, np.iinfo(np.int32).max)
            if part.delay.size:
                depth = max(depth, 1 + int(part.delay.max()))
        indptr, target, weight = _by_source(synapses, sources, neurons, depth)
        frozen = (*cells, always, indptr, target, weight)
        for array in frozen:
            array.flags.writeable = False
        return cls(
            decay=cells[0],
            gain=cells[1],
            bias=cells[2],
            threshold=cells[3],
            blocks=blocks,
            steady=always,
            indptr=indptr,
            target=target,
            weight=weight,
            depth=depth,
        )

    def rest(self, samples: int) -> EventState:
        """Membranes at zero and nothing under way.

        Args:
            samples: batch size B.

        Returns:
            a fresh state.

        Raises:
            MemoryError: the ring of input sums does not fit into what is free.
        """
        shape = (samples, self.depth, self.neurons)
        require(
            state_bytes(*shape),
            f"the input under way (samples x (longest delay + 1) x neurons = {samples} x "
            f"{self.depth} x {self.neurons})",
            "run fewer samples at once",
        )
        ring = np.zeros(shape)
        flat = (samples, self.neurons)
        return EventState(np.zeros(flat), np.zeros(flat, np.int32), ring, 0)


def _inside(what: str, index: Integers, offset: int, stop: int) -> None:
    # Compiled code does not check its indices: a wrong one would write into foreign memory.
    if index.size and not (int(index.min()) + offset >= 0 and int(index.max()) + offset < stop):
        low, high = int(index.min()) + offset, int(index.max()) + offset
        raise ValueError(f"each {what} must lie in 0 .. {stop - 1}, got {low} .. {high}")


def _by_source(
    synapses: Sequence[Synapses], sources: int, neurons: int, depth: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]:
    place_type = index_type(depth * neurons)
    weight_type = np.float32 if all(is_single(part.weight) for part in synapses) else np.float64
    size = sum(len(part.pre) for part in synapses)
    itemsize = np.dtype(place_type).itemsize + np.dtype(weight_type).itemsize
    require(
        network_bytes(size, sources, neurons, itemsize),
        f"a network of {neurons} neurons and {size} synapses",
        "run it on a machine with more memory",
    )
    counts = np.zeros(sources, np.int64)
    for part in synapses:
        for start in range(0, len(part.pre), CHUNK):
            local = np.bincount(part.pre[start : start + CHUNK])
            counts[part.pre_offset : part.pre_offset + len(local)] += local
    indptr = np.zeros(sources + 1, np.int64)
    np.cumsum(counts, out=indptr[1:])
    target, weight = np.empty(size, place_type), np.empty(size, weight_type)
    filled = indptr[:-1].copy()
    for part in synapses:
        for start in range(0, len(part.pre), CHUNK):
            cut = slice(start, start + CHUNK)
            pre = part.pre[cut].astype(np.int64) + part.pre_offset
            goal = part.delay[cut].astype(np.int64) * neurons + part.post_offset + part.post[cut]
            value = part.weight[cut]
            if np.any(pre[1:] < pre[:-1]):
                order = np.argsort(pre, kind="stable")
                pre, goal, value = pre[order], goal[order], value[order]
            here = np.bincount(pre, minlength=sources)
            place = (filled - np.cumsum(here) + here)[pre] + np.arange(len(pre))
            target[place] = goal
            weight[place] = value
            filled += here
    return indptr, target, weight


def is_single(weight: npt.NDArray[Any]) -> bool:
    """Whether float32 holds these weights without loss."""
    if weight.dtype == np.float32:
        return True
    cuts = (weight[start : start + CHUNK] for start in range(0, len(weight), CHUNK))
    with np.errstate(over="ignore"):
        return all(bool(np.all(cut.astype(np.float32) == cut)) for cut in cuts)
