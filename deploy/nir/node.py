"""Nodes of a NIR graph as they are stored: what is missing stays missing.

The classes of nir fill in what a file lacks (v_reset with zeros) and refuse whole files for one
node, without its name (a Conv2d of nir 0.2 has no input_shape). Files and graphs in memory are
therefore read into one form, field by field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonal.deploy.nir.errors import NIRError

GRAPH = "NIRGraph"

_LIF = ("r", "v_leak", "v_threshold", "v_reset")
_CONVOLUTION = ("input_shape", "weight", "stride", "padding", "dilation", "groups", "bias")
_POOL = ("kernel_size", "stride", "padding")
FIELDS: dict[str, tuple[str, ...]] = {
    "Affine": ("weight", "bias"),
    "AvgPool2d": _POOL,
    "Conv1d": _CONVOLUTION,
    "Conv2d": _CONVOLUTION,
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
    "CubaLIF": ("tau_syn", "tau_mem", "w_in", *_LIF),
    "Delay": ("delay",),
    "Flatten": ("input_type", "start_dim", "end_dim"),
    "I": ("r",),
    "IF": ("r", "v_threshold", "v_reset"),
    "Input": ("shape",),
    "LI": ("tau", "r", "v_leak"),
    "LIF": ("tau", *_LIF),
    "Linear": ("weight",),
    GRAPH: ("nodes", "edges"),
    "Output": ("shape",),
    "Scale": ("scale",),
    "SumPool2d": _POOL,
    "Threshold": ("threshold",),
}
"""Fields of every node of NIR, those of all versions together."""
_BESIDE = ("type", "metadata", "input_type", "output_type")
"""What a node may have beside its fields."""


@dataclass
class Node:
    """One node, or a graph of nodes.

    Args:
        kind: its type, by the name of NIR.
        fields: what is stored of its fields.
        metadata: what it carries beside.
        nodes: of a graph, its nodes by name.
        edges: of a graph, pairs of names.
        unknown: names of what is stored and is no field of this type.
    """

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, "Node"] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    unknown: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        if name not in self.fields:
            raise NIRError(f"it has no {name}")
        return self.fields[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or the default where nothing is stored."""
        return self.fields.get(name, default)


def of_memory(given: Any) -> Node:
    """Nodes of a graph of nir in memory.

    Raises:
        NIRError: its edges are no pairs of names.
    """
    kind = type(given).__name__
    metadata = getattr(given, "metadata", None)
    node = Node(kind, metadata=dict(metadata) if isinstance(metadata, Mapping) else {})
    if kind == GRAPH:
        node.nodes = {str(name): of_memory(below) for name, below in given.nodes.items()}
        node.edges = _pairs(given.edges)
        return node
    stored = {name: getattr(given, name, None) for name in FIELDS.get(kind, ())}
    shape = getattr(given, "input_type", None)
    for name in ("shape", "input_type"):
        if name in stored:
            stored[name] = shape.get("input") if isinstance(shape, Mapping) else None
    node.fields = {name: value for name, value in stored.items() if value is not None}
    return node


def of_content(content: Any, path: str = "") -> Node:
    """Nodes of what a file holds.

    Args:
        content: groups as dicts, data sets as arrays, numbers and text.
        path: where it lies, for messages.

    Raises:
        NIRError: it is no node: what is missing is named.
    """
    where = f"node {path!r}" if path else "its graph"
    kind = content.get("type") if isinstance(content, dict) else None
    if not isinstance(kind, str):
        raise NIRError(f"{where} has no type")
    metadata = content.get("metadata", {})
    if not isinstance(metadata, dict):
        raise NIRError(f"the metadata of {path!r} are no group")
    known = FIELDS.get(kind, tuple(content))
    unknown = tuple(name for name in content if name not in (*known, *_BESIDE))
    if kind != GRAPH:
        fields = {name: content[name] for name in known if name in content}
        return Node(kind, fields, metadata, unknown=unknown)
    for name in ("nodes", "edges"):
        if name not in content:
            raise NIRError(f"{where} has no {name}")
    if not isinstance(content["nodes"], dict):
        raise NIRError(f"the nodes of {where} are no group")
    below = {k: of_content(x, f"{path}.{k}" if path else k) for k, x in content["nodes"].items()}
    return Node(kind, {}, metadata, below, _pairs(content["edges"]), unknown)


def _pairs(edges: Any) -> list[tuple[str, str]]:
    found = []
    for edge in edges if np.size(edges) else []:
        ends = [end.decode() if isinstance(end, bytes) else end for end in np.ravel(edge).tolist()]
        if len(ends) != 2 or not all(isinstance(end, str) for end in ends):
            raise NIRError(f"its edges are pairs of names, got {ends!r}")
        found.append((ends[0], ends[1]))
    return found
