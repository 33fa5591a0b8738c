"""A NIR graph without subgraphs: nodes by path, and edges between them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from axonal.deploy.exchange._errors import nir_package
from axonal.deploy.exchange._nodes import unsupported


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

    nodes: dict[str, Any] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def flattened(graph: Any) -> Flat:
    """Flatten a NIR graph.

    A graph without Input or Output nodes, as some exporters leave it, is read from its first nodes
    to its last.
    """
    flat = Flat()
    _add(flat, graph, "")
    flat.edges = list(dict.fromkeys(flat.edges))
    flat.inputs = [p for p in _of_type(graph, "Input") if p in flat.nodes]
    flat.outputs = [p for p in _of_type(graph, "Output") if p in flat.nodes]
    if not flat.inputs:
        targets = {b for _, b in flat.edges}
        for path in [p for p in flat.nodes if p not in targets]:
            _begin(flat, path)
    if not flat.outputs:
        sources = {a for a, _ in flat.edges}
        for path in [p for p in flat.nodes if p not in sources]:
            name = f"output_{path}"
            flat.nodes[name] = nir_package().Output(None)
            flat.edges.append((path, name))
            flat.outputs.append(name)
    if not flat.problems and not (flat.inputs and flat.outputs):
        missing = "output" if flat.inputs else "input"
        flat.problems.append(f"it has no {missing}: every node is part of a loop")
    return flat


def _begin(flat: Flat, path: str) -> None:
    shape = (flat.nodes[path].input_type or {}).get("input")
    if shape is None:
        flat.problems.append(
            f"node {path!r} is a first node, and the graph has no Input to tell its shape"
        )
        return
    flat.nodes[f"input_{path}"] = nir_package().Input(shape)
    flat.edges.append((f"input_{path}", path))
    flat.inputs.append(f"input_{path}")


def _of_type(graph: Any, kind: str) -> Iterator[str]:
    return (name for name, node in graph.nodes.items() if type(node).__name__ == kind)


def _add(flat: Flat, graph: Any, prefix: str) -> None:
    for name, node in graph.nodes.items():
        kind = type(node).__name__
        if kind == "NIRGraph":
            _add(flat, node, f"{prefix}{name}.")
        else:
            flat.problems += unsupported(prefix + name, kind)
            flat.nodes[prefix + name] = node
    for source, target in graph.edges:
        lost = [end for end in (source, target) if end not in graph.nodes]
        if lost:
            flat.problems.append(f"edge {source!r} -> {target!r}: there is no node {lost[0]!r}")
            continue
        ends = (
            _end(flat, graph, prefix, source, "Output"),
            _end(flat, graph, prefix, target, "Input"),
        )
        if all(ends):
            flat.edges.append(ends)  # type: ignore[arg-type]


def _end(flat: Flat, graph: Any, prefix: str, name: str, kind: str) -> str | None:
    """Path of the node that an edge means, which of a subgraph is its only Input or Output."""
    node = graph.nodes[name]
    if type(node).__name__ != "NIRGraph":
        return prefix + name
    found = list(_of_type(node, kind))
    if len(found) == 1:
        return f"{prefix}{name}.{found[0]}"
    flat.problems.append(
        f"subgraph {prefix + name!r} has {len(found)} nodes of type {kind}: an edge means one"
    )
    return None
