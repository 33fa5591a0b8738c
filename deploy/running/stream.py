"""Graphs that run step by step as events come, and whose state can be kept in a file."""

import hashlib
import os
from collections import Counter
from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import AnyArray, Float64Array, Int32Array
from axonal._base.files import whole_file
from axonal._base.npz import read_npz
from axonal.deploy.executor.float_executor import Executor
from axonal.deploy.executor.integer_executor import IntegerExecutor, IntegerState, overflown
from axonal.deploy.graph import EventGraph
from axonal.deploy.kinds import NEURONS
from axonal.neuro.ops.event_network import EventState

FORMAT = "axonal-stream-state 3"
"""The first had no second variables of neurons."""
WITHOUT_CHECKSUM = "axonal-stream-state 2"


class StreamStep(NamedTuple):
    """Result of one step, in the network's own time.

    Args:
        t: by population, the step of the network that it has just done; below 0 while a population
            with a latency has not begun.
        spikes: by population that fires, the neurons that spiked, in rising order.
        readout: by integrator, its membranes `[N]`.
        payload: by graded population, what each of its spikes carries.

    >>> StreamStep({"out": 3}, {"out": np.array([0])}, {}, {}).spikes["out"]
    array([0])
    """

    t: dict[str, int]
    spikes: dict[str, Int32Array]
    readout: dict[str, Float64Array]
    payload: dict[str, Float64Array]


class Stream:
    """One sample of a graph, run step by step by the reference executor; it owns its state.

    Steps, and pieces between `save` and `load`, give to the bit what one run of all of them gives,
    in float64 and in the integers of a chip.

    Args:
        graph: the graph. If it has latencies, a population of latency L answers to the events of
            step t at step t + L.

    Attributes:
        step: steps already run.

    >>> from axonal.deploy import Population, Projection
    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    >>> wire = Projection("in", "out", pre=[0], post=[0], weight=[1.0], delay=[1])
    >>> graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=0.001)
    >>> stream = Stream(graph)
    >>> [stream.advance({"in": [x]}).spikes["out"].tolist() for x in (1.0, 0.0, 0.0)]
    [[], [0], []]
    """

    def __init__(self, graph: EventGraph) -> None:
        self.graph = graph
        whole = graph.arithmetic == "float64"
        self._executor = Executor(graph) if whole else IntegerExecutor(graph)
        self._latency = {p.name: p.latency for p in graph.of_kind(*NEURONS)}
        self._silence = {p.name: np.zeros((1, 1, p.size)) for p in graph.of_kind("input")}
        self._state: Any = None
        self._overflows = Counter[str]()
        # The first event must not wait for a kernel that is compiled or loaded.
        self._rest = self._executor.run(self._silence).state

    @property
    def step(self) -> int:
        """Steps already run."""
        return 0 if self._state is None else int(self._state.step)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Values that left the range of the chip since this object was made, by population."""
        return overflown(self.graph.arithmetic, +self._overflows)

    def advance(self, events: Mapping[str, npt.ArrayLike] | None = None) -> StreamStep:
        """Run one step.

        Args:
            events: values `[N]` that inputs send at this step, by name; those that are not named
                send nothing.

        Returns:
            what left the network.

        Raises:
            ValueError: a name is no input, a shape does not fit or a value is not finite.
        """
        inputs = dict(self._silence)
        for name, values in (events or {}).items():
            if name not in inputs:
                raise ValueError(f"{name!r} is no input; inputs are {', '.join(inputs)}")
            x = np.asarray(values, np.float64)
            if x.shape != inputs[name].shape[2:] or not np.all(np.isfinite(x)):
                raise ValueError(
                    f"input {name!r} takes {inputs[name].shape[2]} finite values [N] per step, "
                    f"got shape {x.shape}"
                )
            inputs[name] = x[None, None]
        t = self.step
        result = self._executor.run(inputs, self._state)
        # Only what is complete is kept: an interrupt leaves the stream before this step or after.
        self._state = result.state
        self._overflows.update(result.extra.get("overflows", {}))
        return StreamStep(
            {name: t - latency for name, latency in self._latency.items()},
            {name: spikes.neuron for name, spikes in result.spikes.items()},
            {name: v[0, 0] for name, v in result.readout.items()},
            result.payload,
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write the state to one file, which is complete or not there at all.

        Args:
            path: file to write, customarily ``*.npz``.

        Raises:
            OSError: the folder is missing or cannot be written.
        """
        if self._state is None:
            arrays = {}
        else:
            arrays = {f"state.{name}": x for name, x in self._state._asdict().items()}
        arrays |= {"format": np.array(FORMAT), "graph": np.array(self._fingerprint())}
        whole = {**arrays, "checksum": np.array(_checksum(arrays))}
        with whole_file(path) as part, part.open("xb") as file:
            np.savez_compressed(file, allow_pickle=False, **whole)

    def load(self, path: str | PathLike[str]) -> None:
        """Go on from a state that `save` wrote for the same graph.

        Args:
            path: file to read.

        Raises:
            FileNotFoundError: there is no such file.
            OSError: it is no regular file, or cannot be read.
            ValueError: the file is damaged, no state, or that of another graph.
        """
        if not os.path.exists(path):
            raise FileNotFoundError(f"there is no state file {path}")
        arrays = read_npz(path)
        form, graph = (str(arrays.get(name)) for name in ("format", "graph"))
        known = form in (FORMAT, WITHOUT_CHECKSUM)
        if not known and form.startswith(FORMAT.split()[0]):
            raise ValueError(f"{path} was written by another version of axonal: start anew")
        if not known:
            raise ValueError(f"{path} is no state of a stream")
        checksum = arrays.pop("checksum", None)
        expected = _checksum(arrays) if form == FORMAT else None
        if str(checksum) != str(expected):
            raise ValueError(f"{path} is damaged: it is not what its checksum was made of")
        if graph != self._fingerprint():
            raise ValueError(f"{path} is the state of another graph")
        held = {name for name in arrays if name.startswith("state.")}
        if not held:
            self._state = None
            return
        kind = EventState if isinstance(self._executor, Executor) else IntegerState
        if held != {f"state.{name}" for name in kind._fields}:
            raise ValueError(f"{path} is damaged: a part of the state is missing")
        fields: dict[str, Any] = {name: arrays[f"state.{name}"] for name in kind._fields}
        for name, x in fields.items():
            rest = np.asarray(getattr(self._rest, name))
            if (x.dtype, x.shape) != (rest.dtype, rest.shape) or not np.all(np.isfinite(x)):
                raise ValueError(f"{path} is damaged: {name} is none of this graph")
        if fields["step"] < 0:
            raise ValueError(f"{path} is damaged: it has run {fields['step']} steps")
        self._state = kind(**{**fields, "step": int(fields["step"])})

    def _fingerprint(self) -> str:
        """Checksum that is equal for equal graphs, however their synapses are ordered."""
        digest = hashlib.sha256(self.graph.arithmetic.encode())
        for part in self._executor.parts():
            if isinstance(part, np.ndarray):
                digest.update(f"{part.dtype}{part.shape}".encode())
                digest.update(np.ascontiguousarray(part).data)
            else:
                digest.update(repr(part).encode())
        return digest.hexdigest()


def _checksum(arrays: Mapping[str, AnyArray]) -> str:
    """Of names, types, shapes and values, so that no part can get lost either."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        x = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {x.dtype} {np.shape(arrays[name])} ".encode())
        digest.update(x.tobytes())
    return digest.hexdigest()
