"""A NIR graph without subgraphs: nodes by path, and edges between them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from axonal.deploy.exporting.affine_signal import ONE
from axonal.deploy.nir.errors import NIRError
from axonal.deploy.nir.node import GRAPH, Node
from axonal.deploy.nir.nodes import unsupported

Key = tuple[str, ...]
"""Names from the whole graph down to a node."""


@dataclass
class Flat:
    """Nodes and edges of a graph, those of subgraphs among them.

    Args:
        nodes: every node by path, ``graph.node`` within a subgraph; inner inputs and outputs are
            nodes that pass on what they get.
        edges: pairs of paths.
        inputs: paths of the inputs of the whole graph.
        outputs: paths of its outputs.
        problems: what cannot be flattened or has no equivalent, one line each.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def free(self, path: str) -> str:
        """A path that no node has."""
        return _numbered(path, self.nodes)


def flattened(graph: Node) -> Flat:
    """Flatten a NIR graph.

    A graph without Input or Output nodes, as some exporters leave it, is read from its first nodes
    to its last.
    """
    flat = Flat()
    paths = _paths(graph)
    _add(flat, graph, (), paths)
    flat.edges = list(dict.fromkeys(flat.edges))
    flat.inputs = [paths[name,] for name in _of_type(graph, "Input")]
    flat.outputs = [paths[name,] for name in _of_type(graph, "Output")]
    if not flat.inputs:
        targets = {b for _, b in flat.edges}
        for path in [p for p in flat.nodes if p not in targets]:
            _begin(flat, path)
    if not flat.outputs:
        sources = {a for a, _ in flat.edges}
        for path in [p for p in flat.nodes if p not in sources]:
            name = flat.free(f"output_{path}")
            flat.nodes[name] = Node("Output")
            flat.edges.append((path, name))
            flat.outputs.append(name)
    if not flat.problems and not (flat.inputs and flat.outputs):
        missing = "output" if flat.inputs else "input"
        flat.problems.append(f"it has no {missing}: every node is part of a loop")
    return flat


def _paths(graph: Node) -> dict[Key, str]:
    """A path for every node, and no two the same.

    The node ``a.w`` stands beside the node ``w`` of a subgraph ``a`` in more than one file: the
    outer one keeps the name, and the other is numbered.
    """
    keys = sorted(_keys(graph), key=len)
    wanted = {".".join(key) for key in keys}
    found: dict[Key, str] = {}
    taken = {ONE}  # what a bias comes from is not the name of a node
    for key in keys:
        path = ".".join(key)
        found[key] = path if path not in taken else _numbered(path, taken | wanted)
        taken.add(found[key])
    return found


def _keys(graph: Node, above: Key = ()) -> Iterator[Key]:
    for name, node in graph.nodes.items():
        if node.kind == GRAPH:
            yield from _keys(node, (*above, name))
        else:
            yield (*above, name)


def _numbered(path: str, taken: "set[str] | dict[str, Node]") -> str:
    numbered = (f"{path}_{k}" for k in range(2, len(taken) + 3))
    return path if path not in taken else next(p for p in numbered if p not in taken)


def _begin(flat: Flat, path: str) -> None:
    try:
        shape = _first_shape(flat.nodes[path])
    except (NIRError, ValueError, TypeError, IndexError):
        shape = None
    if shape is None:
        flat.problems.append(
            f"node {path!r} ({flat.nodes[path].kind}) is a first node, and the graph has no Input "
            "to tell its shape"
        )
        return
    name = flat.free(f"input_{path}")
    flat.nodes[name] = Node("Input", {"shape": shape})
    flat.edges.append((name, path))
    flat.inputs.append(name)


def _first_shape(node: Node) -> tuple[int, ...] | None:
    """Shape of what a node takes, by what is stored of it."""
    if node.kind in ("Linear", "Affine"):
        return (int(np.shape(node["weight"])[-1]),)
    if node.kind in ("Conv1d", "Conv2d"):
        if node.get("input_shape") is None:
            return None
        channels = int(np.shape(node["weight"])[1]) * int(node["groups"])
        around = tuple(int(n) for n in np.ravel(node["input_shape"]))
        return (channels, *around[-(2 if node.kind == "Conv2d" else 1) :])
    if node.kind == "Flatten":
        declared = node.get("input_type")
        return None if declared is None else tuple(int(n) for n in np.ravel(declared))
    names = ("tau", "tau_mem", "tau_syn", "r", "v_threshold", "scale", "delay")
    shapes = [np.shape(node[name]) for name in names if name in node.fields]
    return np.broadcast_shapes(*shapes) if shapes else None


def _of_type(graph: Node, kind: str) -> Iterator[str]:
    return (name for name, node in graph.nodes.items() if node.kind == kind)


def _add(flat: Flat, graph: Node, above: Key, paths: dict[Key, str]) -> None:
    shown = ".".join(above)
    for name in graph.unknown:
        flat.problems.append(f"{_where(shown)} has {name}, which is no field of a graph of NIR")
    for name, node in graph.nodes.items():
        if node.kind == GRAPH:
            _add(flat, node, (*above, name), paths)
            continue
        path = paths[*above, name]
        flat.problems += unsupported(path, node.kind)
        for extra in node.unknown:
            flat.problems.append(
                f"node {path!r} ({node.kind}) has {extra}, which is no field of NIR and would be "
                "lost"
            )
        flat.nodes[path] = node
    for source, target in graph.edges:
        lost = [end for end in (source, target) if end not in graph.nodes]
        if lost:
            inside = f"{_where(shown)}: " if shown else ""
            flat.problems.append(
                f"{inside}edge {source!r} -> {target!r}: there is no node {lost[0]!r}"
            )
            continue
        begin = _end(flat, graph, (*above, source), paths, "Output")
        end = _end(flat, graph, (*above, target), paths, "Input")
        if begin is not None and end is not None:
            flat.edges.append((begin, end))


def _where(path: str) -> str:
    return f"subgraph {path!r}" if path else "it"


def _end(flat: Flat, graph: Node, key: Key, paths: dict[Key, str], kind: str) -> str | None:
    """Path of the node that an edge means, which of a subgraph is its only Input or Output."""
    node = graph.nodes[key[-1]]
    if node.kind != GRAPH:
        return paths[key]
    found = list(_of_type(node, kind))
    if len(found) == 1:
        return paths[*key, found[0]]
    flat.problems.append(
        f"subgraph {'.'.join(key)!r} has {len(found)} nodes of type {kind}: an edge means one"
    )
    return None
