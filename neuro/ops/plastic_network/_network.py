"""A network whose synapses can learn: neurons, and synapses sorted by source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int64Array, IntegerArray
from axonal._base.memory import require
from axonal.neuro.ops.event_network import index_type as wide_index_type

Floats = npt.NDArray[np.floating[Any]]

_BYTES = 52
"""Per synapse: what is kept, and what sorting takes meanwhile."""


@dataclass(frozen=True, eq=False)
class PlasticNetwork:
    """Leaky integrate-and-fire neurons, n of a liquid and N - n of its input, whose synapses learn.

    Neurons 0 .. n-1 are the liquid, n .. N-1 the input neurons; synapses lead from any neuron to
    the liquid. Step t does, in this order,

        s = v >= threshold and not refractory,  v = 0 where s
        I = k · I + Σ_synapses gain · w · s(t - delay)             "exponential" synapses
        I = Σ_synapses w · gain · k^(steps since the last spike)   "last-spike" synapses
        v = decay · v + I + x + bias                               x: given from outside

    then what `Plasticity` says. A spike belongs to the step at whose start the membrane is at or
    above its threshold, and acts in that same step. After a spike, ``refractory`` steps follow in
    which a neuron cannot spike; its membrane goes on, or, where ``holds``, stays at zero for as
    many steps from that of the spike on.

    Last-spike synapses forget all but the latest spike of their source; a change of their weight
    changes the current that is under way, and what an exponential synapse has delivered stays.
    Sums are taken in the order of sources and, within a source, of the given synapses, so results
    are the same bits on any number of threads.

    Args:
        liquid: number n of neurons in the liquid.
        decay: membrane kept per step `[N]`.
        bias: input of every step `[N]`.
        threshold: threshold `[N]`.
        refractory: steps after a spike without another.
        holds: whether membranes rest at zero meanwhile.
        kernel_decay: current k kept per step, one for each kind of synapse `[C]`.
        gain: current per weight at a spike `[C]`.
        last_spike: whether synapses are of that sort.
        depth: slots of the ring, the longest delay + 1.
        indptr: synapses of source j and kind c are ``indptr[c * N + j] : indptr[c * N + j + 1]``.
        target: ``(delay * C + kind) * n + post`` of each synapse, its place in the ring `[S]`.
        post: target neuron of each synapse `[S]`.
        in_indptr: ``in_indptr[i * C + c + 1] - in_indptr[i * C + c]`` synapses of kind c lead to
            neuron i.
        order: place of each synapse in the list it was built from `[S]`.
        weight: weights at the start `[S]`.
    """

    liquid: int
    decay: Floats
    bias: Floats
    threshold: Floats
    refractory: int
    holds: bool
    kernel_decay: Floats
    gain: Floats
    last_spike: bool
    depth: int
    indptr: Int64Array
    target: npt.NDArray[np.unsignedinteger[Any]]
    post: npt.NDArray[np.unsignedinteger[Any]]
    in_indptr: Int64Array
    order: Int64Array
    weight: Floats

    @property
    def neurons(self) -> int:
        """Number of neurons N, input neurons included."""
        return len(self.decay)

    @property
    def kinds(self) -> int:
        """Number of kinds of synapses C, by the decay of their current."""
        return len(self.gain)

    @classmethod
    def build(
        cls,
        *,
        liquid: int,
        pre: IntegerArray,
        post: IntegerArray,
        weight: npt.ArrayLike,
        decay: npt.ArrayLike,
        threshold: npt.ArrayLike,
        inputs: int = 0,
        bias: npt.ArrayLike = 0.0,
        refractory: int = 0,
        holds: bool = False,
        kernel_decay: Sequence[float] = (0.0,),
        gain: Sequence[float] = (1.0,),
        kind: npt.ArrayLike = 0,
        delay: npt.ArrayLike = 0,
        last_spike: bool = False,
        dtype: npt.DTypeLike = np.float32,
    ) -> "PlasticNetwork":
        """Sort synapses by source.

        Args:
            liquid: number n of neurons in the liquid.
            pre: source of each synapse, 0 .. N-1 `[S]`.
            post: its target, 0 .. n-1 `[S]`.
            weight: its weight `[S]`, or one for all.
            decay: membrane kept per step `[N]`, or one for all.
            threshold: threshold `[N]`, or one for all.
            inputs: number of input neurons N - n.
            bias: input of every step `[N]`, or one for all.
            refractory: steps after a spike without another.
            holds: whether membranes rest at zero meanwhile.
            kernel_decay: current kept per step by each kind of synapse `[C]`.
            gain: current per weight at a spike by each kind of synapse `[C]`.
            kind: kind of each synapse `[S]`, or one for all.
            delay: steps from spike to arrival of each synapse `[S]`, or one for all.
            last_spike: whether only the latest spike of a source counts.
            dtype: float32 or float64, of membranes, currents and weights.

        Returns:
            the network.

        Raises:
            ValueError: an index is out of range, a delay is negative.
            MemoryError: the synapses do not fit into what is free.

        >>> net = PlasticNetwork.build(liquid=2, inputs=1, pre=np.array([2, 0]),
        ...     post=np.array([0, 1]), weight=[3.0, -1.0], decay=0.9, threshold=1.0)
        >>> net.indptr.tolist(), net.in_indptr.tolist()
        ([0, 1, 1, 2], [0, 1, 2])
        """
        neurons, size, kinds = liquid + inputs, len(pre), len(gain)
        require(size * _BYTES, f"a network of {size} synapses", "take fewer synapses")
        _inside("source", pre, neurons)
        _inside("target", post, liquid)
        wide_kind = np.broadcast_to(np.asarray(kind, np.int64), size)
        wide_delay = np.broadcast_to(np.asarray(delay, np.int64), size)
        _inside("kind of synapse", wide_kind, kinds)
        _inside("delay", wide_delay, np.iinfo(np.int32).max)
        depth = 1 + int(wide_delay.max(initial=0))
        source = wide_kind * neurons + np.asarray(pre, np.int64)
        order = np.argsort(source, kind="stable")
        place = (wide_delay * kinds + wide_kind) * liquid + np.asarray(post, np.int64)
        sorted_post = np.asarray(post)[order]
        goal = np.asarray(post, np.int64) * kinds + wide_kind
        arrays: dict[str, Any] = {
            name: np.broadcast_to(np.asarray(value, dtype), neurons).copy()
            for name, value in (("decay", decay), ("bias", bias), ("threshold", threshold))
        }
        arrays |= {
            "kernel_decay": np.array(kernel_decay, dtype),
            "gain": np.array(gain, dtype),
            "indptr": _starts(source, neurons * kinds),
            "target": place[order].astype(index_type(depth * kinds * liquid)),
            "post": sorted_post.astype(index_type(depth * kinds * liquid)),
            "in_indptr": _starts(goal, liquid * kinds),
            "order": order,
            "weight": np.broadcast_to(np.asarray(weight, dtype), size)[order].copy(),
        }
        for array in arrays.values():
            array.flags.writeable = False
        return cls(
            liquid=liquid,
            refractory=refractory,
            holds=holds,
            last_spike=last_spike,
            depth=depth,
            **arrays,
        )


def _inside(what: str, index: IntegerArray, stop: int) -> None:
    # Compiled code does not check its indices: a wrong one would write into foreign memory.
    if index.size and not (int(index.min()) >= 0 and int(index.max()) < stop):
        raise ValueError(
            f"each {what} must lie in 0 .. {stop - 1}, got {index.min()} .. {index.max()}"
        )


def index_type(size: int) -> npt.DTypeLike:
    # what a spike touches should stay in a cache of two megabytes for a thousand neurons
    return np.uint16 if size <= np.iinfo(np.uint16).max else wide_index_type(size)


def _starts(index: Int64Array, size: int) -> Int64Array:
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(index, minlength=size), out=starts[1:])
    return starts
