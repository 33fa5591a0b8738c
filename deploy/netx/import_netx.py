"""Files of lava-dl as quantised graphs."""

import contextlib
from collections.abc import Iterator
from os import PathLike
from typing import Any

import h5py
import numpy as np

from axonal._base.array_types import Float64Array
from axonal._base.files import check_source
from axonal._base.hdf5 import UnfitFile, checked
from axonal.deploy.chips import loihi2
from axonal.deploy.graph import EventGraph, GraphError, Population, Projection
from axonal.deploy.graph.errors import every_reason
from axonal.deploy.netx.netx_error import NetxError
from axonal.deploy.netx.ranges import LONGEST, MEMORYLESS, NEURONS, unfit

_DAMAGE = (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)


def from_netx(path: str | PathLike[str], dt: float = 1e-3) -> EventGraph:
    """Read a file of lava-dl as a graph for Loihi 2, which fires the spikes that netx does.

    Dense layers, with delays or heard by themselves, and "flatten". Layers are named "layer1" and
    so on, and the last is the output. What `to_netx` made of a readout is read as neurons.

    Args:
        path: of a file that lava-dl's `export_hdf5` or `to_netx` wrote.
        dt: seconds per step; the file has none.

    Raises:
        FileNotFoundError: there is no such file.
        NetxError: the file is damaged or none of lava-dl; layers, neurons and numbers that have no
            form here, or that netx itself would change, all of them.

    Source: lava-dl 0.6.0.

    >>> import tempfile
    >>> from axonal.deploy import to_netx
    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=7)
    >>> parts = (Population("in", "input", (1,)), cell)
    >>> wire = Projection("in", "out", pre=[0], post=[0], weight=[8.0], delay=[3])
    >>> graph = EventGraph(parts, (wire,), ("out",), 1e-3, hop=1, arithmetic="loihi2")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_netx(graph, f"{folder}/a.net")
    ...     from_netx(f"{folder}/a.net").projections[0].delay
    array([3])
    """
    with _opened(path) as file:
        layers = [_content(file, path, k) for k in range(len(file["layer"]))]
        return _graph(path, layers, dt)


def _graph(path: str | PathLike[str], layers: list[dict[str, Any]], dt: float) -> EventGraph:
    if not layers or _kind(layers[0]) != "input":
        raise NetxError(f"{path}: layer 0 is expected to be the input; netx takes it from there")
    problems = [line for k, layer in enumerate(layers) for line in _unfit(k, layer)]
    if problems:
        raise NetxError(every_reason(str(path), problems))
    populations = [Population("input", "input", (int(np.prod(layers[0]["shape"])),))]
    projections: list[Projection] = []
    for k, layer in enumerate(layers[1:], 1):
        if _kind(layer) == "flatten":
            continue
        before, name = populations[-1], f"layer{k}"
        problems = [f"{path}: {line}" for line in _misshapen(k, layer, before.size)]
        if problems:
            raise NetxError(problems[0])
        weight = np.asarray(layer["weight"], float)
        populations.append(_population(name, len(weight), layer))
        projections.append(_projection(before.name, name, weight, _delays(layer, weight)))
        if "weight_rec" in layer:
            loop = np.asarray(layer["weight_rec"], float)
            projections.append(_projection(name, name, loop, np.zeros(loop.shape)))
    try:
        return EventGraph(
            tuple(populations), tuple(projections), (populations[-1].name,), dt,
            hop=1, arithmetic="loihi2",
        )  # fmt: skip
    except GraphError as error:  # numbers out of the ranges of the chip
        raise NetxError(f"{path}: {error}") from None


def _misshapen(k: int, layer: dict[str, Any], before: int) -> Iterator[str]:
    """Say which array of a layer does not fit the layer before it."""
    weight = np.shape(layer["weight"])
    if len(weight) != 2 or weight[1] != before:
        yield f"weights of layer {k} are {list(weight)}, expected [neurons, {before}]"
        return
    size = weight[0]
    if np.prod(layer["shape"]) != size:
        yield f"shape of layer {k} has {np.prod(layer['shape'])} neurons, its weights {size}"
    fits = {
        "weight_rec": [(size, size)],
        "delay": [(), (1,), (size,), (before,), weight],
        "bias": [(), (1,), (size,)],
    }
    for name, shapes in fits.items():
        shape = np.shape(layer.get(name, np.zeros(shapes[0])))
        if shape not in shapes:
            known = ", ".join(str(list(known)) for known in shapes)
            yield f"{name} of layer {k} is {list(shape)}, expected {known}"


@contextlib.contextmanager
def _opened(path: str | PathLike[str]) -> Iterator[Any]:
    try:
        check_source(path)
        with h5py.File(path, "r") as file:
            checked(file, own=False)
            if not isinstance(file.get("layer"), h5py.Group):
                raise NetxError(f"{path} is an HDF5 file, but none of lava-dl: it has no layers")
            yield file
    except (FileNotFoundError, NetxError):
        raise
    except UnfitFile as error:
        raise NetxError(f"{path}: {error}") from None
    except _DAMAGE as error:
        line = " ".join(str(error).split())[:200] or type(error).__name__
        raise NetxError(f"{path} is damaged, or no file of lava-dl ({line})") from error


def _content(file: Any, path: str | PathLike[str], k: int) -> dict[str, Any]:
    """Arrays of a layer by name, those of its neurons as "neuron/...", in memory."""
    if f"layer/{k}" not in file:
        raise NetxError(f"{path}: there is no layer {k} of {len(file['layer'])}")
    found: dict[str, Any] = {}
    file[f"layer/{k}"].visititems(
        lambda name, item: (
            found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
    )
    for name in ("type", "shape"):
        if name not in found:
            raise NetxError(f"{path}: layer {k} has no {name}")
    return found


def _text(value: Any) -> str:
    (first,) = np.ravel(value)
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)


def _kind(layer: dict[str, Any]) -> str:
    return _text(layer["type"])


def _number(layer: dict[str, Any], name: str, usual: float) -> float:
    return float(np.ravel(layer.get(f"neuron/{name}", usual))[0])


def _unfit(k: int, layer: dict[str, Any]) -> Iterator[str]:
    """Say what of a layer has no form here."""
    kind, where = _kind(layer), f"layer {k}"
    if kind in ("input", "flatten"):
        if kind == "input" and "neuron/type" in layer:
            yield f"{where}: an input with neurons has no form here"
        if kind == "flatten" and k > 1:
            yield f"{where}: netx flattens the input, and nothing behind another layer"
        return
    if kind not in ("dense", "dense_rec"):
        yield f"{where} is of type {kind!r}; input, flatten, dense and dense_rec have a form here"
        return
    neuron = _text(layer.get("neuron/type", b"none"))
    if neuron not in NEURONS:
        yield f"{where}: neurons of type {neuron!r}; {' and '.join(NEURONS)} have a form here"
        return
    for name in ("iDecay", "vDecay", "vThMant", "refDelay", "gradedSpike"):
        if np.size(layer.get(f"neuron/{name}", 0)) != 1:
            yield f"{where}: netx has one {name} for all neurons"
    if _number(layer, "refDelay", 1) != 1 or _number(layer, "gradedSpike", 0):
        yield f"{where}: refDelay is expected to be 1 and gradedSpike 0"
    wanted = ("weight", "weight_rec") if kind == "dense_rec" else ("weight",)
    yield from (f"{where} has no {name}" for name in wanted if name not in layer)
    if kind == "dense" and "weight_rec" in layer:
        yield f"{where} has weight_rec, which netx leaves out of type dense; dense_rec has it"
    if kind == "dense_rec" and "delay" in layer:
        yield f"{where} hears itself and has delays, which netx gives to the wrong synapses"
    arrays = [name for name in (*wanted, "delay", "bias") if name in layer]
    for name in arrays:
        if np.asarray(layer[name]).dtype.kind not in "iuf" or not np.isfinite(layer[name]).all():
            yield f"{where}: {name} is expected to be finite numbers"
            return
    yield from unfit(
        where, np.concatenate([np.ravel(layer[n]).astype(float) for n in wanted if n in layer])
    )
    delay = np.asarray(layer.get("delay", 0), float)
    if delay.size and (delay.min() < 0 or delay.max() > LONGEST):
        yield f"{where}: delays go from 0 to {LONGEST}, got {delay.min():g} to {delay.max():g}"


def _delays(layer: dict[str, Any], weight: Float64Array) -> Float64Array:
    """Delays [after, before]: a row is one per neuron, or else one per input."""
    delay = np.asarray(layer.get("delay", 0), float)
    if delay.ndim == 1 and len(delay) == len(weight):
        delay = delay[:, None]
    return np.broadcast_to(np.floor(delay), weight.shape)


def _population(name: str, size: int, layer: dict[str, Any]) -> Population:
    kept = 1 - _number(layer, "iDecay", MEMORYLESS) / MEMORYLESS
    fields: dict[str, Any] = {
        "decay": 1 - _number(layer, "vDecay", 0) / MEMORYLESS,
        "threshold": _number(layer, "vThMant", 0),
        "bias": np.ravel(layer.get("bias", 0)).astype(float) * np.ones(size),
        "gain": 1.0,
    }
    if kept:
        fields["synapse_decay"] = kept
    return Population(name, "cuba" if kept else "lif", (size,), **fields)


def _projection(source: str, target: str, weight: Float64Array, delay: Float64Array) -> Projection:
    post, pre = np.nonzero(weight)
    steps = delay[post, pre].astype(np.int64) + 1
    # twice an odd weight is even, which is how netx keeps small ones of both signs
    _, step = loihi2.weight_range(weight[post, pre])
    exponent = -1 if step == 2 and np.any(weight % 2) else 0
    return Projection(source, target, pre, post, weight[post, pre], steps, exponent)
