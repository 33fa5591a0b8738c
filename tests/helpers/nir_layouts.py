"""NIR files in the layouts of nir 0.2.0, 1.0.4 and 1.0.8, written with h5py alone.

Taken from files that each version wrote: 0.2.0 has no input_shape of convolutions and no w_in,
v_reset came with 1.0.6, metadata with 1.0, and 1.0.8 packs arrays.
"""

import dataclasses

import h5py
import nir
import numpy as np

VERSIONS = ("0.2.0", "1.0.4", "1.0.8")
OLD = VERSIONS[:2]
LATER = {"0.2.0": ("input_shape", "w_in", "v_reset"), "1.0.4": ("v_reset",), "1.0.8": ()}
INHERITED = ("input_type", "output_type", "metadata")
"""Fields of every class of nir, which files have under other names or not at all."""
STORED = {"Flatten": ("input_type",), "Input": ("shape",), "Output": ("shape",)}
"""What files have in their place."""


def fields(kind):
    """Names under which files of the latest version have the fields of a node."""
    own = [field.name for field in dataclasses.fields(getattr(nir, kind))]
    return (*STORED.get(kind, ()), *(name for name in own if name not in INHERITED))


def write(path, graph, version="1.0.8"):
    """Write a graph of nir in memory as that version would."""
    with h5py.File(path, "w") as file:
        file.create_dataset("version", data=version, dtype=h5py.string_dtype())
        _write(file.create_group("node"), graph, version)
    return path


def _write(group, node, version):
    kind = type(node).__name__
    group.create_dataset("type", data=kind, dtype=h5py.string_dtype())
    if kind == "NIRGraph":
        edges = np.array(node.edges, object).reshape(-1, 2)
        group.create_dataset("edges", data=edges, dtype=h5py.string_dtype())
        nodes = group.create_group("nodes")
        for name, below in node.nodes.items():
            _write(nodes.create_group(name), below, version)
        if version != "0.2.0" and node.metadata:
            metadata = group.create_group("metadata")
            for key, value in node.metadata.items():
                metadata[key] = value
        return
    for name in fields(kind):
        shape = name in ("shape", "input_type")
        value = node.input_type["input"] if shape else getattr(node, name)
        if value is None or name in LATER[version]:
            continue
        packed = version == "1.0.8" and isinstance(value, np.ndarray) and value.ndim
        group.create_dataset(name, data=value, compression="gzip" if packed else None)
