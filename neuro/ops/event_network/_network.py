"""An event-driven network: neurons in blocks, and synapses sorted by their source."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float64Array, IntegerArray
from axonal._base.memory import require
from axonal.neuro.ops.event_network._block import READ, THIRD, Block
from axonal.neuro.ops.event_network._events import EventState
from axonal.neuro.ops.event_network._memory_estimate import (
    CHUNK,
    index_type,
    network_bytes,
    state_bytes,
)
from axonal.neuro.ops.event_network._synapses import Synapses


@dataclass(frozen=True, eq=False)
class EventNetwork:
    """A network of flat neurons, made by `EventNetwork.build`.

    At step t, block after block,

        I = bias + Σ w · x(t - delay)
        INTEGRATOR:  v = decay · v + gain · I
        CURRENT_INTEGRATOR:  trace = trace_decay · trace + I,  v = decay · v + gain · trace
        LIF:         h = decay · v + gain · I,  s = h >= threshold,  v = h, reset where s
        CUBA:        trace = trace_decay · trace + I,  then as LIF with trace in place of I
        ALIF:        as LIF with threshold + coupling · trace in place of threshold,  then
                     trace = trace_decay · trace + (1 - trace_decay) · s
        LSNN:        third = extra 0 · third,  as LIF with trace in place of I and threshold +
                     coupling · third in place of threshold,  third = third + s,  then
                     trace = trace_decay · trace + I
        ADEX:        trace = trace_decay · trace + I,
                     e(u) = exp((u - extra 3) / extra 2),  h = decay · v +
                     gain · (trace + extra 2 · (e(min(v, threshold)) - e(0)) - third),
                     third = extra 0 · third + (1 - extra 0) · (coupling · v),
                     s = h >= threshold,  v = extra 4 where s, else h,  third = third + extra 1 · s
        KLIF:        h = max(coupling · (decay · v + gain · I), 0),  s = h >= threshold,
                     v = h, reset where s, divided by extra 0
        RESONATOR:   trace, v = decay · trace - coupling · v + gain · I,
                     coupling · trace + decay · v,  s = v >= threshold,  trace = 0 where s

        GRADED:      as LIF, but what arrives is w · h where s
        LINEAR:      v = decay · v + gain · I,  w · v arrives where v is not 0
        EGRU:        the block's neurons are four times N units, of which the first N send:
                     z, r = sigmoid(I_n), sigmoid(I_{N+n}),  g = tanh(I_{2N+n} + r · I_{3N+n}),
                     u = z · v + (1 - z) · g,  h = v + gain · (u - v), or u where gain = 1,
                     s = h > threshold,  v = h - threshold where s, else h;  w · h arrives where s

    Where every event is a spike, or a number on the grid of the weights, sums are exact in any
    order. Those of graded neurons are rounded: they are taken in the order in which events leave,
    step by step, outside sources first, then neurons by rising number. One network and one
    sequence of inputs give the same bits in chunks, on any number of threads and in either kernel;
    another order of blocks or other delays may change the last of them.

    Sources 0 .. N-1 are the neurons themselves; sources from N on are given from outside.

    Args:
        decay: membrane kept per step `[N]`.
        gain: factor of the input `[N]`.
        bias: input of every step `[N]`.
        threshold: a neuron spikes at or above it `[N]`; unused by integrators.
        trace_decay: trace kept per step `[N]`; like coupling unused by kinds without one.
        coupling: weight between trace and membrane `[N]`.
        extra: parameters that only one kind has `[P, N]`, in the order of its equations.
        blocks: neurons of one kind, in the order in which they are updated.
        steady: sources that emit 1.0 at every step `[C]`.
        indptr: the synapses of source s are ``indptr[s] : indptr[s + 1]``.
        target: ``delay * N + post`` of each synapse: its place in the ring of sums.
        weight: weight of each synapse, float32 where that loses nothing.
        depth: slots of the ring, the longest delay + 1.
    """

    decay: Float64Array
    gain: Float64Array
    bias: Float64Array
    threshold: Float64Array
    trace_decay: Float64Array
    coupling: Float64Array
    extra: Float64Array
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
        read = [block for block in self.blocks if block.kind in READ]
        return sum(block.stop - block.start for block in read)

    @property
    def thirds(self) -> int:
        """Number of neurons with a third variable."""
        return sum(block.stop - block.start for block in self.blocks if block.kind in THIRD)

    @classmethod
    def build(
        cls,
        *,
        decay: npt.ArrayLike,
        gain: npt.ArrayLike,
        bias: npt.ArrayLike,
        threshold: npt.ArrayLike,
        trace_decay: npt.ArrayLike | None = None,
        coupling: npt.ArrayLike | None = None,
        extra: Sequence[npt.ArrayLike] = (),
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
            trace_decay: trace kept per step `[N]`; None where no block has one.
            coupling: weight between trace and membrane `[N]`; likewise.
            extra: parameters that only one kind has, each `[N]`.
            blocks: blocks that cover 0 .. N-1 in order.
            synapses: lists of synapses.
            external: number of sources given from outside.
            steady: those of them (flat numbers from N on) that emit 1.0 at every step.

        Returns:
            the network.

        Raises:
            ValueError: an index is out of range, a delay is negative, or blocks leave a gap.
            MemoryError: the synapses do not fit into what is free.

        >>> from axonal.neuro.ops.event_network._block import Kind
        >>> chain = Synapses(np.array([1]), np.array([0]), np.array([1.0]), np.array([3]))
        >>> cell = dict(decay=[0.5], gain=[1], bias=[0], threshold=[1])
        >>> blocks = [Block(0, 1, Kind.LIF)]
        >>> EventNetwork.build(**cell, blocks=blocks, synapses=[chain], external=1).depth
        4
        """
        neurons = len(np.atleast_1d(decay))
        given = {
            "decay": decay,
            "gain": gain,
            "bias": bias,
            "threshold": threshold,
            "trace_decay": np.zeros(neurons) if trace_decay is None else trace_decay,
            "coupling": np.zeros(neurons) if coupling is None else coupling,
        }
        cells = {name: np.array(field, dtype=np.float64) for name, field in given.items()}
        rows = np.array([*extra], dtype=np.float64).reshape(len(extra), neurons)
        blocks = tuple(blocks)
        edges = [0, *(block.stop for block in blocks)]
        if [block.start for block in blocks] != edges[:-1] or edges[-1] != neurons:
            raise ValueError(f"blocks must cover neurons 0 to {neurons - 1} in order, got {blocks}")
        if any(field.shape != (neurons,) for field in cells.values()):
            lengths = ", ".join(f"{name} {field.shape}" for name, field in cells.items())
            raise ValueError(f"the parameters of the neurons differ in length: {lengths}")
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
        frozen = (*cells.values(), rows, always, indptr, target, weight)
        for array in frozen:
            array.flags.writeable = False
        return cls(
            **cells,
            extra=rows,
            blocks=blocks,
            steady=always,
            indptr=indptr,
            target=target,
            weight=weight,
            depth=depth,
        )

    def rest(self, samples: int) -> EventState:
        """Membranes and traces at zero, and nothing under way.

        Args:
            samples: batch size B.

        Returns:
            a fresh state.

        Raises:
            MemoryError: the ring of input sums does not fit into what is free.
        """
        shape = (samples, self.depth, self.neurons)
        require(
            state_bytes(*shape, self.thirds),
            f"the input under way (samples x (longest delay + 1) x neurons = {samples} x "
            f"{self.depth} x {self.neurons})",
            "run fewer samples at once",
        )
        ring = np.zeros(shape)
        flat = (samples, self.neurons)
        waiting = np.zeros(flat, np.int32)
        traces = np.zeros((samples, self.neurons + self.thirds))
        return EventState(np.zeros(flat), traces, waiting, ring, step=0)


def _inside(what: str, index: IntegerArray, offset: int, stop: int) -> None:
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
