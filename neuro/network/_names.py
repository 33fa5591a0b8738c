"""Names that belong to a Network, so that no attribute of a user hides them."""

import keyword
from typing import Any

from torch import nn

from axonal.neuro.layers import Layer
from axonal.neuro.network._tracer import NetworkError, shown_name

MADE = frozenset({
    "traced", "input_names", "source_name", "_paths", "_parts", "_plan", "_run_looked_at",
    "_source", "_traces", "_composing", "_written",
})  # fmt: skip
"""Attributes that a Network makes of ``forward``."""
_MAY_BE_WRITTEN = frozenset({"forward", "train", "extra_repr", "spiking"})


def check(net: nn.Module, module: nn.Module, network_type: type[nn.Module]) -> None:
    """Refuse names of modules, parameters, buffers and methods that hide those of a Network."""
    held = [
        *(name for name, _ in module.named_children()),
        *(name for name, _ in module.named_parameters(recurse=False)),
        *(name for name, _ in module.named_buffers(recurse=False)),
    ]
    taken = [name for name in held if name in MADE or hasattr(network_type, name)]
    if module is net:
        bases = type(net).__mro__
        of_network = _methods(network_type) - {"_written"}
        for base in bases[: bases.index(network_type)]:
            taken += [name for name in vars(base) if name in of_network]
    words = [p for p, _ in module.named_modules() if any(map(keyword.iskeyword, p.split(".")))]
    if words:
        raise NetworkError(
            f"{shown_name(module)} cannot become a Network: {', '.join(words)}: a word of Python, "
            "which generated code cannot use as a name. Choose another."
        )
    if taken:
        where = "class" if module is net else "module"
        raise NetworkError(
            f"{shown_name(module)} cannot become a Network: the names {', '.join(taken)} are "
            f"taken by Network itself. Rename them in your {where}."
        )


def check_attribute(net: nn.Module, name: str, value: Any, network_type: type[nn.Module]) -> None:
    """Refuse to set an attribute that hides a method of a Network."""
    if name.startswith("__"):
        return
    hidden = name in MADE or name in _methods(network_type)
    if not hidden and callable(getattr(network_type, name, None)):
        # torch's tools put functions in the place of a module's methods, and mean it
        hidden = isinstance(value, nn.Module) or not callable(value)
    if hidden:
        raise NetworkError(
            f"{type(net).__name__}.{name} would hide what a Network has of this name: choose "
            "another name."
        )


def _methods(network_type: type[nn.Module]) -> frozenset[str]:
    """Return the methods and properties that a Network adds to those of a torch module."""
    added = {*vars(network_type), *vars(Layer), *MADE} - set(dir(nn.Module)) - _MAY_BE_WRITTEN
    return frozenset(name for name in added if not name.startswith("__"))


def not_there(net: nn.Module, name: str) -> str:
    """Say why a Network has no attribute of those that it makes of ``forward``."""
    who = type(net).__name__
    if name == "traced" and "_plan" in vars(net):
        return (
            f"{who} was made with trace=False, for debugging, and has no graph: make it without "
            "trace=False to export it or to see its graph."
        )
    return (
        f"{who} has no {name} yet: a Network is made when its constructor is done, so that it "
        "cannot run inside of it."
    )
