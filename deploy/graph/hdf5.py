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
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from typing import Any, TypeVar

import h5py
import numpy as np
import numpy.typing as npt
from scipy import sparse

from axonal._base.array_types import AnyArray
from axonal._base.files import check_source
from axonal._base.hdf5 import UnfitFile, checked
from axonal._base.jsontext import parse_json
from axonal._base.new_hdf5 import new_file
from axonal._base.version import version
from axonal.deploy.graph.errors import GraphError
from axonal.deploy.graph.serialisation import RUNS, SYNAPSES
from axonal.deploy.kinds import KINDS

FORMAT = "axonal-event-graph"
VERSION = max(4, *(kind.since for kind in KINDS.values()))
"""Newest version that is read; a file gets the oldest that has all it holds. Version 1 had no
latencies, and no hops that take time; version 2 no kinds but lif that fire; version 3 no readout
rule."""
Graph = TypeVar("Graph")
HOP_SEMANTICS = "a synapse with delay d delivers at step t + d; d = 0 within the same step"

# What h5py raises on a damaged or strange file; our own checks raise GraphError.
_H5PY = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError)


def write_graph(
    path: str | PathLike[str], header: Mapping[str, Any], arrays: Mapping[str, AnyArray]
) -> None:
    """Write a graph in parts; see `EventGraph.save`."""
    # From 1.10 on HDF5 keeps a checksum with each piece of metadata.
    with new_file(path, libver=("v110", "v110")) as file:
        _write(file, header, arrays)


def read_graph(
    path: str | PathLike[str],
    build: Callable[[Mapping[str, Any], Mapping[str, AnyArray]], Graph],
) -> Graph:
    """Read a graph and build it of its header and arrays; see `EventGraph.load`."""
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
            return build(*_read(file))
    except (GraphError, UnfitFile) as error:
        text = str(error)
        raise GraphError(text if text.startswith(str(path)) else f"{path}: {text}") from None
    except _H5PY as error:
        raise GraphError(
            f"{path} is damaged or cut short ({_line(error)}): export the graph again"
        ) from error


def _version(header: Mapping[str, Any]) -> int:
    used = [KINDS[head["kind"]].since for head in header["populations"]]
    return max(4 if header["readout"] else 3, *used)


def _write(file: h5py.File, header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> None:
    root: dict[str, str | float] = {
        "format": FORMAT,
        "version": _version(header),
        "hop_semantics": HOP_SEMANTICS,
        "created_by": _program(),
        "outputs": json.dumps(header["outputs"]),
        **{name: header[name] for name in ("dt", "hop", "arithmetic")},
    }
    if header["readout"]:
        root["readout"] = header["readout"]
    _set(file, **root)
    _put(file, "info", np.frombuffer(json.dumps(header["info"]).encode(), np.uint8))
    populations = file.create_group("populations")
    sizes = {}
    for k, head in enumerate(header["populations"]):
        group = populations.create_group(str(k))
        _set(group, **{name: value for name, value in head.items() if name != "shape"})
        group.attrs["shape"] = np.array(head["shape"], np.int64)
        sizes[head["name"]] = math.prod(head["shape"])
        for name in KINDS[head["kind"]].fields:
            _put(group, name, arrays[f"populations.{k}.{name}"])
    projections = file.create_group("projections")
    for k, head in enumerate(header["projections"]):
        group = projections.create_group(str(k))
        _set(group, **head)
        synapses = {name: arrays[f"projections.{k}.{name}"] for name in SYNAPSES}
        for name, values in _by_pre(**synapses, size=sizes[head["source"]]).items():
            _put(group, name, values)
    if header["golden"] is not None:
        _write_golden(file.create_group("golden"), header["golden"], arrays)


def _write_golden(
    group: h5py.Group, head: Mapping[str, Any], arrays: Mapping[str, AnyArray]
) -> None:
    _set(group, steps=head["steps"], samples=head["samples"])
    if head["seed"] is not None:
        _set(group, seed=head["seed"])
    for part in RUNS:
        if part == "payload" and not head[part]:
            continue
        inner = group.create_group(part)
        for k, name in enumerate(head[part]):
            x = arrays[f"golden.{part}.{k}"]
            binary = part in ("inputs", "spikes") and bool(np.all((x == 0) | (x == 1)))
            _put(inner, str(k), np.packbits(x.astype(bool)) if binary else _float(x))
            _set(inner[str(k)], name=name, size=x.shape[2], packed=int(binary))


def _read(file: h5py.File) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    if _text(file, "format", missing="") != FORMAT:
        raise GraphError("this is an HDF5 file, but no axonal event graph")
    form = _number(file, "version")
    if form > VERSION:
        raise GraphError(
            f"written by format version {form:g}; this axonal reads up to {VERSION}: upgrade axonal"
        )
    hop = _whole(file, "hop")
    if form not in range(1, VERSION + 1) or (form == 1 and hop != 0):
        raise GraphError(
            f"version {form:g} with hop {hop} is unknown, expected version 1 with hop 0 or one "
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
    header: dict[str, Any] = {"hop": hop, "info": info, "outputs": outputs}
    header |= {"populations": [], "projections": [], "golden": None}
    arrays: dict[str, AnyArray] = {}
    for k, group in enumerate(_numbered(file, "populations")):
        head, fields = _population(group)
        header["populations"].append(head)
        arrays |= {f"populations.{k}.{name}": x for name, x in fields.items()}
    # Of two populations with one name the first is meant here; the graph then refuses both.
    sizes = {p["name"]: math.prod(p["shape"]) for p in reversed(header["populations"])}
    for k, group in enumerate(_numbered(file, "projections")):
        head, fields = _projection(group, sizes)
        header["projections"].append(head)
        arrays |= {f"projections.{k}.{name}": x for name, x in fields.items()}
    if "golden" in file:
        header["golden"], runs = _read_golden(file["golden"])
        arrays |= runs
    header["dt"], header["arithmetic"] = _number(file, "dt"), _text(file, "arithmetic", "float64")
    rule = form == 4 or (form > 4 and "readout" in file.attrs)
    header["readout"] = _text(file, "readout") if rule else None
    return header, arrays


def _population(group: h5py.Group) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    shape = np.asarray(_item(group.attrs, "shape"))
    if shape.dtype.kind not in "iu" or shape.ndim != 1:
        raise GraphError(f"{group.name}: the field shape is missing or no list of whole numbers")
    kind = _text(group, "kind")
    used = KINDS[kind].fields if kind in KINDS else ()
    fields = {name: _get(group, name, "f", 1) for name in used}
    head = {
        "name": _text(group, "name"),
        "kind": kind,
        "shape": [int(n) for n in shape],
        "reset": _text(group, "reset"),
        "refractory": _whole(group, "refractory"),
        "latency": _whole(group, "latency") if "latency" in group.attrs else 0,
    }
    return head, fields


def _projection(
    group: h5py.Group, sizes: Mapping[str, int]
) -> tuple[dict[str, Any], dict[str, AnyArray]]:
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
    synapses = {"pre": pre, "post": post, "weight": _get(group, "weight", "f", 1), "delay": delay}
    return {"source": source, "target": target, "exponent": exponent}, synapses


def _read_golden(group: Any) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    if not isinstance(group, h5py.Group):
        raise GraphError("golden must be a group")
    steps, samples = _whole(group, "steps"), _whole(group, "samples")
    head: dict[str, Any] = {"steps": steps, "samples": samples}
    arrays: dict[str, AnyArray] = {}
    for part in RUNS:
        head[part] = []
        if part == "payload" and part not in group:
            continue  # no neuron is graded
        for k, item in enumerate(_numbered(group, part, h5py.Dataset)):
            name, shape = _text(item, "name"), (steps, samples, _whole(item, "size"))
            head[part].append(name)
            if min(shape) < 1:
                raise GraphError(f"golden {part} of {name!r} are empty")
            if _number(item, "packed"):
                bits = _get(group[part], str(k), "u", 1)
                cells = steps * samples * shape[2]
                if bits.dtype != np.uint8 or len(bits) != (cells + 7) // 8:
                    raise GraphError(f"golden {part} of {name!r} do not have {cells} cells")
                x = np.unpackbits(bits, count=cells).reshape(shape).view(bool)
            else:
                x = _get(group[part], str(k), "f", 3)
            arrays[f"golden.{part}.{k}"] = x
    head["seed"] = _whole(group, "seed") if "seed" in group.attrs else None
    return head, arrays


def _by_pre(
    pre: AnyArray, post: AnyArray, weight: AnyArray, delay: AnyArray, size: int
) -> dict[str, AnyArray]:
    if np.any(pre[1:] < pre[:-1]):
        # synapses as columns of their own: scipy counts them into rows, and keeps their order
        ones, synapses = np.ones(len(pre), np.int8), np.arange(len(pre))
        order = sparse.csr_matrix((ones, (pre, synapses)), (size, len(pre))).indices
        post, weight, delay = post[order], weight[order], delay[order]
    indptr = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(pre, minlength=size), out=indptr[1:])
    packed = {"indptr": indptr, "post": post, "delay": delay}
    small = {k: x.astype(_unsigned(int(x.max(initial=0)))) for k, x in packed.items()}
    return {**small, "weight": _float(weight)}


def _unsigned(largest: int) -> npt.DTypeLike:
    return np.min_scalar_type(max(largest, 0))


def _float(x: AnyArray) -> AnyArray:
    """float32 where it loses nothing, otherwise float64."""
    with np.errstate(over="ignore"):
        single = x.astype(np.float32)
    return single if np.array_equal(single, x) else x.astype(np.float64, copy=False)


def _put(group: h5py.Group, name: str, x: AnyArray) -> None:
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


def _get(group: h5py.Group, name: str, kinds: str, ndim: int) -> AnyArray:
    item = _item(group, name)
    if not isinstance(item, h5py.Dataset):
        raise GraphError(f"{group.name}: the field {name} is missing")
    if item.dtype.kind not in kinds or item.ndim != ndim:
        raise GraphError(f"{item.name}: unexpected {item.ndim}-dimensional array of {item.dtype}")
    values: AnyArray = item[()]
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
    number = version()
    return f"axonal {number}" if number[:1].isdigit() else f"axonal, {number}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
