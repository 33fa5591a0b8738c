"""The state of a network that learns."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float64Array, Int32Array
from axonal._base.memory import require
from axonal.neuro.ops.plastic_network._network import PlasticNetwork
from axonal.neuro.ops.plastic_network._plasticity import Plasticity

Floats = npt.NDArray[np.floating[Any]]


class PlasticState(NamedTuple):
    """State from which a run goes on where another one stopped; the weights are apart from it.

    Args:
        v: membranes `[B, N]`.
        wait: refractory steps left `[B, N]`.
        current: synaptic currents of the last step `[B, C * n]`.
        reach: current per weight that a source gives in the next step if it stays silent, for
            synapses that know the last spike only `[B, C * N]`.
        ring: currents under way `[B, D * C * n]`.
        pre_trace: traces of sources `[B, N]`.
        post_trace: traces of targets `[B, n]`.
        calcium: slow activity of targets `[B, n]`.
        modulation: state of the modulator `[B, K]`.
        scale: factor of the rates `[B]`.
        step: steps already run.

    >>> PlasticState._fields[:3]
    ('v', 'wait', 'current')
    """

    v: Floats
    wait: Int32Array
    current: Floats
    reach: Floats
    ring: Floats
    pre_trace: Floats
    post_trace: Floats
    calcium: Floats
    modulation: Float64Array
    scale: Float64Array
    step: int

    @classmethod
    def rest(
        cls,
        network: PlasticNetwork,
        samples: int,
        plasticity: Plasticity | None = None,
        *,
        silent_for: float = np.inf,
        weight: Floats | None = None,
    ) -> "PlasticState":
        """Membranes and traces at zero.

        Args:
            network: the network.
            samples: batch size B.
            plasticity: its rule, for the state of the modulator.
            silent_for: steps since a spike that every source is taken to have had; the current of
                last-spike synapses begins from there.
            weight: weights of that current, those of the network if None `[S]`.

        Returns:
            a fresh state.

        Raises:
            MemoryError: the state does not fit into what is free.
        """
        n, neurons, kinds = network.liquid, network.neurons, network.kinds
        dtype = network.weight.dtype
        size = samples * (neurons * (3 + kinds) + n * (2 + kinds * (1 + network.depth)))
        require(size * dtype.itemsize, f"the state of {samples} samples", "run fewer at once")
        reach: Floats = np.zeros(neurons * kinds, dtype)
        current: Floats = np.zeros(kinds * n, dtype)
        if network.last_spike and np.isfinite(silent_for):
            reach = np.repeat(network.gain * network.kernel_decay**silent_for, neurons)
            before = np.repeat(network.gain * network.kernel_decay ** (silent_for - 1), neurons)
            part = (network.weight if weight is None else weight) * np.repeat(
                before, np.diff(network.indptr)
            )
            current = np.bincount(network.target, part, kinds * n).astype(dtype)
        start = np.zeros(1) if plasticity is None else plasticity.modulation
        return cls(
            v=np.zeros((samples, neurons), dtype),
            wait=np.zeros((samples, neurons), np.int32),
            current=np.tile(current.astype(dtype), (samples, 1)),
            reach=np.tile(reach.astype(dtype), (samples, 1)),
            ring=np.zeros((samples, network.depth * kinds * n), dtype),
            pre_trace=np.zeros((samples, neurons), dtype),
            post_trace=np.zeros((samples, n), dtype),
            calcium=np.zeros((samples, n), dtype),
            modulation=np.tile(start, (samples, 1)),
            scale=np.ones(samples),
            step=0,
        )

    def copy(self) -> "PlasticState":
        """A state that shares no memory with this one."""
        arrays = self._asdict()
        step = arrays.pop("step")
        return PlasticState(**{name: array.copy() for name, array in arrays.items()}, step=step)

    def part(self, first: int, last: int) -> "PlasticState":
        """Some of the samples, in the same memory.

        Args:
            first: of them.
            last: one after the last of them.
        """
        arrays = self._asdict()
        step = arrays.pop("step")
        return PlasticState(
            **{name: array[first:last] for name, array in arrays.items()}, step=step
        )
