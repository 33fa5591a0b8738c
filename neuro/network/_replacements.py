"""Modules that a Network was made of, so that others put in their place later are noticed."""

from collections.abc import Collection, Iterable
from typing import Any

from torch import nn

from axonal.neuro import _checks
from axonal.neuro.network import _supported_calls
from axonal.neuro.network._composition import Composition

Parts = dict[str, Any]


def containers(root: nn.Module, called: Iterable[str]) -> Parts:
    """Describe each module whose ``forward`` was traced through, by path.

    A module that is called as a whole may be exchanged; one that was traced through not, because
    its ``forward`` is a part of the graph.
    """
    paths = dict.fromkeys(
        path[:end] for path in called for end, sign in enumerate(path) if sign == "."
    )
    return {path: _description(root.get_submodule(path)) for path in paths}


def _description(module: nn.Module) -> Any:
    if isinstance(module, Composition) and "traced" in vars(module):
        return type(module), _written_out(module.traced)
    if isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
        return type(module), tuple(module._modules)
    return type(module)


def _written_out(graph: Any) -> str:
    """Write a graph down in a way that a copy of it, made by another process, has as well."""
    nodes = ((n.op, getattr(n.target, "__name__", n.target), n.args, n.kwargs) for n in graph.nodes)
    return "\n".join(map(str, nodes))


def places(
    root: nn.Module, paths: Iterable[str]
) -> tuple[tuple[nn.Module | None, str, nn.Module, int], ...]:
    """Return where the modules at ``paths`` stand: in which module (None: the root), its name.

    The last number is that of the modules in it, so that one that is added is noticed.
    """
    standing = []
    for path in paths:
        owner, _, name = path.rpartition(".")
        module = root.get_submodule(path)
        place = root.get_submodule(owner) if owner else None
        standing.append((place, name, module, len(module._modules)))
    return tuple(standing)


def check(
    root: nn.Module, parts: Parts, called: Iterable[str], with_memory: Collection[str]
) -> None:
    """Refuse modules that are gone, or others than those with which the Network was made.

    Args:
        root: the Network.
        parts: what :func:`containers` returned when it was made.
        called: paths of the modules that are called as a whole.
        with_memory: those of them that are layers with memory.
    """
    for path, description in parts.items():
        if _description(_present(root, path)) != description:
            raise _checks.InputError(
                f"{path} is not what the Network was made of: its forward is a part of the graph. "
                "Put it into the module and make the Network again.",
                root,
            )
    for path in called:
        module = _present(root, path)
        if path in with_memory:
            _supported_calls.check_memory(module)
        else:
            _supported_calls.check_no_memory(module)


def _present(root: nn.Module, path: str) -> nn.Module:
    try:
        return root.get_submodule(path)
    except AttributeError:
        raise _checks.InputError(
            f"{path} is gone, which the Network was made with: put it back, or make the Network "
            "again.",
            root,
        ) from None
