"""Layers composed by a ``forward``, and the modules that it calls."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from torch import fx, nn

from axonal.neuro.layers import BatchNorm, Conv2d, Dropout, Layer, Lift, Linear, TwoPoint

_OURS = (BatchNorm, Conv2d, Dropout, Layer, Lift, Linear, TwoPoint)


class Composition(Layer[dict[str, Any]]):
    """Layers composed by a ``forward`` in which they are called without their states. Abstract."""

    traced: fx.Graph
    input_names: list[str]
    _composing = 0
    """Thread that calls ``forward`` as it is written; others run the composition as ever."""

    @abstractmethod
    def _written(self, *inputs: Any) -> Any:
        """Call ``forward`` as the user wrote it, on symbolic values or on real ones."""


def is_one_layer(module: nn.Module) -> bool:
    """Return whether a Network calls a module as a whole: our layers and those of torch.nn."""
    of_torch = type(module).__module__.startswith(("torch.nn", "torch.ao.nn"))
    return isinstance(module, _OURS) or (of_torch and not isinstance(module, nn.Sequential))


def reached(root: nn.Module) -> dict[str, nn.Module]:
    """Return by path the layers that a ``forward`` can call and the compositions it goes through.

    What is inside a layer, such as the body of a loop, is the layer's own affair.
    """
    modules: dict[str, nn.Module] = {}
    waiting = [("", root)]
    while waiting:
        path, module = waiting.pop()
        opened = module is root or isinstance(module, Composition)
        if opened or is_one_layer(module):
            modules.setdefault(path, module)
        if opened or not is_one_layer(module) or isinstance(module, (nn.ModuleList, nn.ModuleDict)):
            children = [(f"{path}.{name}".lstrip("."), m) for name, m in module.named_children()]
            waiting += reversed(children)
    return modules


@contextmanager
def as_written(root: nn.Module) -> Iterator[None]:
    """Let compositions call their ``forward`` as it is written, without states."""
    opened = [m for m in reached(root).values() if isinstance(m, Composition)]
    for composition in opened:
        vars(composition)["_composing"] = get_ident()
    try:
        yield
    finally:
        for composition in opened:
            vars(composition).pop("_composing", None)
