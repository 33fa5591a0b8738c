"""Event graphs in one HDF5 file: what is stored where, written whole or not at all.

    /                     format, version, dt, hop, hop_semantics, arithmetic, created_by,
                          outputs (JSON), readout (if there is a rule)
    /info                 JSON text
    /populations/<k>      name, kind, shape, reset, refractory, latency;
                          the fields of the kind, such as decay [N]
    /projections/<k>      source, target, exponent;
                          indptr [N_pre + 1], post weight delay [S], sorted by pre
    /golden               seed, steps, samples;
                          inputs/<k>, spikes/<k>, readout/<k>, payload/<k>, each with name

All metadata and all arrays carry checksums of HDF5 itself, so that damage is found before a byte
of it is believed. Links out of the file, and sizes larger than what is stored, are refused before
anything is read.
"""

import contextlib
import importlib.metadata
import json
import os
from collections.abc import Iterator
from os import PathLike
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from scipy import sparse

from axonal._base.files import check_source
from axonal._base.hdf5 import UnfitFile, checked
from axonal._base.jsontext import parse_json
from axonal._base.new_hdf5 import new_file
from axonal.deploy.graph.event_graph import EventGraph, Golden, Population, Projection
from axonal.deploy.graph.validation import GraphError
from axonal.deploy.kinds.table import FIELDS, KINDS

FORMAT = "axonal-event-graph"
VERSION = 4
"""Version 1 had no latencies, and no hops that take time; version 2 no kinds but lif that fire;
version 3 no readout rule, and is still written where there is none."""
PARTS = ("inputs", "spikes", "readout", "payload")
"""Of a golden run."""
HOP_SEMANTICS = "a synapse with delay d delivers at step t + d; d = 0 within the same step"

# What h5py raises on a damaged or strange file; our own checks raise GraphError.
_H5PY = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError)


def save(graph: EventGraph, path: str | PathLike[str]) -> None:
    """Write a graph; see `EventGraph.save`."""
    # From 1.10 on HDF5 keeps a checksum with each piece of metadata.
    with new_file(path, libver=("v110", "v110")) as file:
        _write(file, graph)


def load(path: str | PathLike[str]) -> EventGraph:
    """Read a graph; see `EventGraph.load`."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no graph file {path}")
    try:
        check_source(path)
    except OSError as error:
        raise GraphError(f"{path} is no event graph: {error}") from None
    try:
        if not h5py.is_hdf5(path):
            raise GraphError(
                f"{path} is no event graph: it is not an HDF5 file, or its head is lost"
            )
        with h5py.File(path, "r") as file:
            checked(file, own=True)
            return _read(file)
    except (GraphError, UnfitFile) as error:
        text = str(error)
        raise GraphError(text if text.startswith(str(path)) else f"{path}: {text}") from None
    except _H5PY as error:
        raise GraphError(
            f"{path} is damaged or cut short ({_line(error)}): export the graph again"
        ) from error


def _write(file: h5py.File, graph: EventGraph) -> None:
    root: dict[str, str | float] = {
        "format": FORMAT,
        "version": VERSION if graph.readout else 3,
        "dt": graph.dt,
        "hop": graph.hop,
        "arithmetic": graph.arithmetic,
        "hop_semantics": HOP_SEMANTICS,
        "created_by": _program(),
        "outputs": json.dumps(graph.outputs),
    }
    if graph.readout:
        root["readout"] = graph.readout
    _set(file, **root)
    _put(file, "info", np.frombuffer(json.dumps(graph.info).encode(), np.uint8))
    populations = file.create_group("populations")
    for k, p in enumerate(graph.populations):
        group = populations.create_group(str(k))
        _set(group, name=p.name, kind=p.kind, reset=p.reset)
        _set(group, refractory=p.refractory, latency=p.latency)
        group.attrs["shape"] = np.array(p.shape, np.int64)
        for name in FIELDS:
            if getattr(p, name).size:
                _put(group, name, getattr(p, name))
    projections = file.create_group("projections")
    for k, q in enumerate(graph.projections):
        group = projections.create_group(str(k))
        _set(group, source=q.source, target=q.target, exponent=q.exponent)
        for name, values in _by_pre(q, graph.population(q.source).size).items():
            _put(group, name, values)
    if graph.golden is not None:
        _write_golden(file.create_group("golden"), graph.golden)


def _write_golden(group: h5py.Group, golden: Golden) -> None:
    _set(group, steps=golden.steps, samples=golden.samples)
    if golden.seed is not None:
        _set(group, seed=golden.seed)
    for part in PARTS:
        if part == "payload" and not golden.payload:
            continue
        inner = group.create_group(part)
        for k, (name, x) in enumerate(getattr(golden, part).items()):
            binary = part in ("inputs", "spikes") and bool(np.all((x == 0) | (x == 1)))
            _put(inner, str(k), np.packbits(x.astype(bool)) if binary else _float(x))
            _set(inner[str(k)], name=name, size=x.shape[2], packed=int(binary))


def _read(file: h5py.File) -> EventGraph:
    if _text(file, "format", missing="") != FORMAT:
        raise GraphError("this is an HDF5 file, but no axonal event graph")
    version = _number(file, "version")
    if version > VERSION:
        raise GraphError(
            f"written by format version {version:g}; this axonal reads up to {VERSION}: "
            "upgrade axonal"
        )
    hop = _whole(file, "hop")
    if version not in range(1, VERSION + 1) or (version == 1 and hop != 0):
        raise GraphError(
            f"version {version:g} with hop {hop} is unknown, expected version 1 with hop 0 or one "
            f"of 2 to {VERSION}"
        )
    try:
        info = parse_json(bytes(_get(file, "info", "u", 1)))
        outputs = parse_json(_text(file, "outputs"))
    except ValueError as error:
        if isinstance(error, GraphError):
            raise
        raise GraphError(f"info or outputs is not JSON ({_line(error)})") from None
    if not isinstance(outputs, list) or not all(isinstance(name, str) for name in outputs):
        raise GraphError(f"outputs must be a list of names, got {outputs!r}")
    populations = tuple(_population(group) for group in _numbered(file, "populations"))
    # Of two populations with one name the first is meant here; the graph then refuses both.
    sizes = {p.name: p.size for p in reversed(populations)}
    projections = tuple(_projection(group, sizes) for group in _numbered(file, "projections"))
    golden = _read_golden(file["golden"]) if "golden" in file else None
    dt, arithmetic = _number(file, "dt"), _text(file, "arithmetic", missing="float64")
    outputs = tuple(outputs)
    rule = _text(file, "readout") if version >= 4 else None
    return EventGraph(populations, projections, outputs, dt, info, golden, hop, arithmetic, rule)


def _population(group: h5py.Group) -> Population:
    shape = np.asarray(_item(group.attrs, "shape"))
    if shape.dtype.kind not in "iu" or shape.ndim != 1:
        raise GraphError(f"{group.name}: the field shape is missing or no list of whole numbers")
    kind = _text(group, "kind")
    used = KINDS[kind].fields if kind in KINDS else ()
    fields = {name: _get(group, name, "f", 1) for name in used}
    return Population(
        name=_text(group, "name"),
        kind=kind,
        shape=tuple(int(n) for n in shape),
        reset=_text(group, "reset"),
        refractory=_whole(group, "refractory"),
        latency=_whole(group, "latency") if "latency" in group.attrs else 0,
        **fields,
    )


def _projection(group: h5py.Group, sizes: dict[str, int]) -> Projection:
    source, target = _text(group, "source"), _text(group, "target")
    indptr = _get(group, "indptr", "u", 1).astype(np.int64)
    post, delay = _get(group, "post", "u", 1), _get(group, "delay", "u", 1)
    counts = np.diff(indptr)
    whole = len(indptr) and indptr[0] == 0 and indptr[-1] == len(post) and not np.any(counts < 0)
    if not whole or len(counts) != sizes.get(source, len(counts)):
        raise GraphError(
            f"projection {source} -> {target}: indptr must rise from 0 to the number of "
            f"synapses {len(post)} with one entry more than {source} has neurons"
        )
    pre = np.repeat(np.arange(len(counts), dtype=_unsigned(len(counts))), counts)
    exponent = _whole(group, "exponent") if "exponent" in group.attrs else 0
    weight = _get(group, "weight", "f", 1)
    return Projection(source, target, pre, post, weight, delay, exponent)


def _read_golden(group: Any) -> Golden:
    if not isinstance(group, h5py.Group):
        raise GraphError("golden must be a group")
    steps, samples = _whole(group, "steps"), _whole(group, "samples")
    parts: dict[str, dict[str, Any]] = {}
    for part in PARTS:
        parts[part] = {}
        if part == "payload" and part not in group:
            continue  # no neuron is graded
        for item in _numbered(group, part, h5py.Dataset):
            name, shape = _text(item, "name"), (steps, samples, _whole(item, "size"))
            if min(shape) < 1:
                raise GraphError(f"golden {part} of {name!r} are empty")
            if _number(item, "packed"):
                bits = _get(group[part], item.name.rsplit("/", 1)[1], "u", 1)
                cells = steps * samples * shape[2]
                if bits.dtype != np.uint8 or len(bits) != (cells + 7) // 8:
                    raise GraphError(f"golden {part} of {name!r} do not have {cells} cells")
                parts[part][name] = np.unpackbits(bits, count=cells).reshape(shape).view(bool)
            else:
                parts[part][name] = _get(group[part], item.name.rsplit("/", 1)[1], "f", 3)
    seed = _whole(group, "seed") if "seed" in group.attrs else None
    return Golden(**parts, seed=seed)


def _by_pre(q: Projection, size: int) -> dict[str, npt.NDArray[Any]]:
    post, weight, delay = q.post, q.weight, q.delay
    if np.any(q.pre[1:] < q.pre[:-1]):
        # synapses as columns of their own: scipy counts them into rows, and keeps their order
        ones = np.ones(q.size, np.int8)
        order = sparse.csr_matrix((ones, (q.pre, np.arange(q.size))), (size, q.size)).indices
        post, weight, delay = post[order], weight[order], delay[order]
    indptr = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(q.pre, minlength=size), out=indptr[1:])
    packed = {"indptr": indptr, "post": post, "delay": delay}
    small = {k: x.astype(_unsigned(int(x.max(initial=0)))) for k, x in packed.items()}
    return {**small, "weight": _float(weight)}


def _unsigned(largest: int) -> npt.DTypeLike:
    return np.min_scalar_type(max(largest, 0))


def _float(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """float32 where it loses nothing, otherwise float64."""
    with np.errstate(over="ignore"):
        single = x.astype(np.float32)
    return single if np.array_equal(single, x) else x.astype(np.float64, copy=False)


def _put(group: h5py.Group, name: str, x: npt.NDArray[Any]) -> None:
    if not x.size:
        group.create_dataset(name, data=x)
        return
    # Chunks near 1 MB: the checksum and the compression work on one chunk at a time.
    chunks = (min(len(x), 1 << 18), *x.shape[1:])
    packing = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    group.create_dataset(name, data=x, chunks=chunks, fletcher32=True, **packing)


def _set(owner: Any, **values: str | float) -> None:
    for name, value in values.items():
        # Text of fixed length lies in the checked header; that of variable length does not.
        owner.attrs[name] = np.bytes_(value.encode()) if isinstance(value, str) else value


def _get(group: h5py.Group, name: str, kinds: str, ndim: int) -> npt.NDArray[Any]:
    item = _item(group, name)
    if not isinstance(item, h5py.Dataset):
        raise GraphError(f"{group.name}: the field {name} is missing")
    if item.dtype.kind not in kinds or item.ndim != ndim:
        raise GraphError(f"{item.name}: unexpected {item.ndim}-dimensional array of {item.dtype}")
    values: npt.NDArray[Any] = item[()]
    return values


def _numbered(group: h5py.Group, name: str, kind: type = h5py.Group) -> Iterator[Any]:
    items = _item(group, name)
    if not isinstance(items, h5py.Group):
        raise GraphError(f"{group.name}: the group {name} is missing")
    for k in range(len(items)):
        item = _item(items, str(k))
        if not isinstance(item, kind):
            raise GraphError(f"{items.name}: the items must be numbered from 0, {k} is missing")
        yield item


def _item(owner: Any, name: str) -> Any:
    # The `get` of h5py takes what is damaged for what is missing.
    if name not in owner:
        return None
    return owner[name]


def _text(owner: Any, name: str, missing: str | None = None) -> str:
    value = _item(owner.attrs, name)
    if isinstance(value, bytes | str):
        with contextlib.suppress(UnicodeDecodeError):
            return value if isinstance(value, str) else value.decode()
    if missing is not None:
        return missing
    raise GraphError(f"{owner.name}: the text field {name} is missing")


def _number(owner: Any, name: str) -> float:
    value = np.asarray(_item(owner.attrs, name))
    if value.ndim or value.dtype.kind not in "iuf" or not np.isfinite(value):
        raise GraphError(f"{owner.name}: the number {name} is missing")
    return float(value)


def _whole(owner: Any, name: str) -> int:
    value = _number(owner, name)
    if not value.is_integer():
        raise GraphError(f"{owner.name}: {name} must be a whole number, got {value}")
    return int(value)


def _program() -> str:
    try:
        return f"axonal {importlib.metadata.version('axonal')}"
    except importlib.metadata.PackageNotFoundError:
        return "axonal, from a checkout"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
