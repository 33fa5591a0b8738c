"""Quantised graphs as files of lava-dl."""

from collections.abc import Iterator
from os import PathLike
from typing import Any, NamedTuple

import h5py
import numpy as np

from axonal._base.array_types import AnyArray, Int64Array
from axonal._base.new_hdf5 import new_file
from axonal.deploy.chips import loihi2
from axonal.deploy.graph import EventGraph, Population, Projection
from axonal.deploy.graph.errors import every_reason
from axonal.deploy.netx.netx_error import NetxError
from axonal.deploy.netx.ranges import MEMORYLESS, unfit

_NO_FORM = "the graph has no form in netx"


class _Layer(NamedTuple):
    """Neurons and what they hear: the layer before, and perhaps themselves."""

    before: Population
    neurons: Population
    wire: Projection
    loop: Projection | None


def to_netx(graph: EventGraph, path: str | PathLike[str]) -> None:
    """Write a graph as a file of lava-dl, from which netx builds the same spikes on Loihi 2.

    The graph is a chain of populations, each connected to the one before and perhaps to itself.
    Layer k of the file is the k-th population of the chain: dense connections, 2-D delays, whole
    numbers. A readout becomes neurons at the highest threshold, whose membrane v is the readout in
    units of 1/64. Populations are lists of neurons there, whatever their shape, and step t of one
    is step t + latency there.

    Args:
        graph: made by `quantize(graph, "loihi2", shifts=False)`.
        path: of the file, by custom `.net`.

    Raises:
        NetxError: everything that netx has no form for, or would change without a word.
        OSError: the file cannot be written.

    Source: lava-dl 0.6.0, whose netx read such files without a difference.

    >>> import tempfile
    >>> from axonal.deploy import example, quantize
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_netx(example(), f"{folder}/a.net")
    Traceback (most recent call last):
    axonal.deploy.netx.netx_error.NetxError: the graph has no form in netx: it is in float64: quantize(graph, "loihi2", shifts=False) makes whole numbers
    """  # noqa: E501
    if graph.arithmetic != "loihi2":
        made = 'quantize(graph, "loihi2", shifts=False) makes whole numbers'
        raise NetxError(f"{_NO_FORM}: it is in {graph.arithmetic}: {made}")
    problems = [*_not_a_chain(graph)]
    layers = [] if problems else _chain(graph)
    problems += [line for layer in layers for line in _unfit(layer)]
    if problems:
        raise NetxError(every_reason(_NO_FORM, problems))
    (source,) = graph.of_kind("input")
    with new_file(path) as file:
        _put(file, 0, "input", source.size)
        for k, layer in enumerate(layers, 1):
            _write(_put(file, k, "dense_rec" if layer.loop else "dense", layer.neurons.size), layer)


def _not_a_chain(graph: EventGraph) -> Iterator[str]:
    inputs = graph.of_kind("input")
    if len(inputs) != 1:
        yield f"netx has one input, the graph has {len(inputs)}"
    for p in graph.populations:
        if p.kind not in ("input", *loihi2.NEURONS):
            yield (
                f"population {p.name!r} of kind {p.kind!r} has no place in a chain of layers"
                + (": train without biases" if p.kind == "constant" else "")
            )
    for p in graph.of_kind(*loihi2.NEURONS):
        heard = [q.source for q in graph.projections_into(p.name) if q.source != p.name]
        if len(heard) != 1:
            silent = "; are all of its weights 0?" if not heard else ""
            yield f"population {p.name!r} hears {len(heard)} projections; a layer hears one{silent}"
    for p in graph.populations:
        told = [q for q in graph.projections if q.source == p.name]
        loops = sum(q.target == p.name for q in told)
        if len(told) - loops > 1 or loops > 1:
            yield f"population {p.name!r} is heard by several; a layer is heard by the next"
    last = [p.name for p in graph.populations if _next(graph, p.name) is None]
    if list(graph.outputs) != last:
        yield f"the output of a chain is its end, {', '.join(last)}; got {', '.join(graph.outputs)}"


def _next(graph: EventGraph, name: str) -> Projection | None:
    return next((q for q in graph.projections if q.source == name != q.target), None)


def _chain(graph: EventGraph) -> list[_Layer]:
    layers: list[_Layer] = []
    (before,) = graph.of_kind("input")
    while (wire := _next(graph, before.name)) is not None:
        neurons = graph.population(wire.target)
        own = [q for q in graph.projections if q.source == q.target == wire.target]
        layers.append(_Layer(before, neurons, wire, own[0] if own else None))
        before = neurons
    return layers


def _unfit(layer: _Layer) -> Iterator[str]:
    p = layer.neurons
    where = f"population {p.name!r}"
    for what in ("threshold", "decay", "synapse_decay"):
        values = getattr(p, what)
        if values.size and np.any(values != values[0]):
            yield f"{where}: a layer of netx has one {what} for all"
    if np.any(p.bias != np.rint(p.bias)):
        yield f"{where}: a bias is a whole number of units of weight there"
    wires = [q for q in (layer.wire, layer.loop) if q is not None]
    yield from unfit(where, np.concatenate([q.weight for q in wires]))
    for q in wires:
        wire = f"projection {q.source} -> {q.target}"
        if len(np.unique(np.column_stack((q.pre, q.post)), axis=0)) < q.size:
            yield f"{wire}: a layer of netx has one synapse for each pair of neurons"
        if layer.loop is not None and q.size and q.delay.max() > 1:
            yield f"{wire}: netx gives delays to no layer that hears itself"


def _put(file: h5py.File, k: int, kind: str, size: int) -> Any:
    group = file.create_group(f"layer/{k}")
    group["type"], group["shape"] = np.array([kind], "S10"), np.array([size])
    return group


def _write(group: Any, layer: _Layer) -> None:
    before, p, wire, loop = layer
    group["inFeatures"], group["outFeatures"] = before.size, p.size
    group["weight"] = _matrix(wire, wire.weight, before, p)
    if loop is not None:
        group["weight_rec"] = _matrix(loop, loop.weight, p, p)
    elif wire.size and wire.delay.max() > 1:
        # a row of delays would be read as one per neuron where both layers are of one size
        group["delay"] = _matrix(wire, wire.delay - 1, before, p)
    if p.bias.any():
        group["bias"] = np.rint(p.bias).astype(np.int64)
    threshold = p.threshold[0] if p.spiking else loihi2.THRESHOLDS[1]
    kept = p.synapse_decay[0] if p.kind == "cuba" else 0.0
    numbers = {
        "iDecay": MEMORYLESS * (1 - kept),
        "vDecay": MEMORYLESS * (1 - p.decay[0]),
        "vThMant": threshold,
        "refDelay": 1,
        "gradedSpike": 0,
    }
    group["neuron/type"] = np.array(["LOIHI"], "S10")
    for name, number in numbers.items():
        group[f"neuron/{name}"] = round(number)


def _matrix(q: Projection, values: AnyArray, before: Population, after: Population) -> Int64Array:
    """Values of synapses [after, before], 0 where there is none."""
    whole = np.zeros((after.size, before.size), np.int64)
    whole[q.post, q.pre] = np.rint(values)
    return whole
