"""A traced graph as a plain list, for pickles: the graph itself is a chain of nodes.

Pickling the chain recurses once per node, which a network of a hundred layers does not survive, and
some functions of torch cannot be pickled by themselves.
"""

from typing import Any, NamedTuple

import torch.nn.functional as F
from torch import fx

from axonal.neuro.network import _supported_calls


class _Node(NamedTuple):
    op: str
    name: str
    target: Any
    args: Any
    kwargs: Any
    here: str


class _Earlier(NamedTuple):
    """Stands for the node of that ``number`` in the arguments of a later one."""

    number: int


class _Lifted(NamedTuple):
    """Stands for ``torch.nn.functional.<name>``, some of which are closures."""

    name: str


def flatten(graph: fx.Graph) -> list[_Node]:
    """Return the nodes of ``graph`` in order, each with its arguments by number."""
    numbers = {node: _Earlier(i) for i, node in enumerate(graph.nodes)}
    nodes = []
    for node in graph.nodes:
        target = node.target
        if node.op == "call_function" and target in _supported_calls.LIFTED:
            target = _Lifted(_supported_calls.LIFTED[target])
        args, kwargs = fx.node.map_arg((node.args, node.kwargs), numbers.__getitem__)
        nodes.append(_Node(node.op, node.name, target, args, kwargs, node.meta.get("here", "")))
    return nodes


def unflatten(nodes: list[_Node]) -> fx.Graph:
    """Return the graph of which ``nodes`` was made."""
    graph = fx.Graph()
    made: list[fx.Node] = []

    def restored(value: Any) -> Any:
        if isinstance(value, _Earlier):
            return made[value.number]
        if isinstance(value, slice):
            return slice(restored(value.start), restored(value.stop), restored(value.step))
        if isinstance(value, (list, tuple)):
            return type(value)(restored(entry) for entry in value)
        if isinstance(value, dict):
            return {key: restored(entry) for key, entry in value.items()}
        return value

    for op, name, target, args, kwargs, here in nodes:
        if isinstance(target, _Lifted):
            target = getattr(F, target.name)
        node = graph.create_node(op, target, restored(args), restored(kwargs), name)
        node.meta["here"] = here
        made.append(node)
    return graph
