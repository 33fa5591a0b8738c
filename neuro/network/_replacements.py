"""What a Network was made of, so that other parts put in their place later are noticed."""

from typing import Any

from torch import nn

from axonal.neuro import _checks

Parts = dict[str, Any]


def containers(root: nn.Module, called: list[str], network_type: type[nn.Module]) -> Parts:
    """Describe each module whose ``forward`` was traced through, by path.

    A module that is called as a whole may be exchanged; one that was traced through not, because
    its ``forward`` is a part of the graph.
    """
    paths = dict.fromkeys(
        path[:end] for path in called for end, sign in enumerate(path) if sign == "."
    )
    return {path: _description(root.get_submodule(path), network_type) for path in paths}


def _description(module: nn.Module, network_type: type[nn.Module]) -> Any:
    if isinstance(module, network_type):
        return type(module), _written_out(module.traced)
    if isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
        return type(module), tuple(module._modules)
    return type(module)


def _written_out(graph: Any) -> str:
    """Write a graph down in a way that a copy of it, made by another process, has as well."""
    nodes = ((n.op, getattr(n.target, "__name__", n.target), n.args, n.kwargs) for n in graph.nodes)
    return "\n".join(map(str, nodes))


def check(
    root: nn.Module, parts: Parts, seen: dict[str, nn.Module], network_type: type[nn.Module]
) -> None:
    """Refuse a module that was traced through and is another one now.

    ``seen`` holds those found right before, so that a graph is not printed at every call.
    """
    for path, description in parts.items():
        try:
            module = root.get_submodule(path)
        except AttributeError:
            raise _gone(root, path) from None
        same = module is seen.get(path) and isinstance(module, network_type)
        if not same and _description(module, network_type) != description:
            raise _checks.InputError(
                f"{path} is not what the Network was made of: its forward is a part of the graph. "
                "Put it into the module and make the Network again.",
                root,
            )
        seen[path] = module


def missing(root: nn.Module, called: list[str]) -> _checks.InputError | None:
    """Return the error that names the first called module that is gone; None if all are there."""
    for path in called:
        try:
            root.get_submodule(path)
        except AttributeError:
            return _gone(root, path)
    return None


def _gone(root: nn.Module, path: str) -> _checks.InputError:
    return _checks.InputError(
        f"{path} is gone, which the Network was made with: put it back, or make the Network again.",
        root,
    )
