"""Text of ``print(layer)``: every setting that is not the default."""

import functools
import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro.surrogates import ATan


def shown(values: Tensor) -> str:
    """Return a number, or the range of several.

    >>> shown(torch.tensor(0.5)), shown(torch.tensor([1.0, 2.0]))
    ('0.5', '1 to 2')
    """
    if values.is_meta:
        return "on meta"
    low, high = values.min().item(), values.max().item()
    return f"{low:.4g}" if math.isclose(low, high) else f"{low:.4g} to {high:.4g}"


@functools.cache
def _defaults(kind: Any) -> Mapping[str, Any]:
    """Return the default of every argument of a class; its own come before those that it hides."""
    defaults: dict[str, Any] = {}
    for base in kind.__mro__:
        if "__init__" in vars(base) and issubclass(base, nn.Module):
            for name, parameter in inspect.signature(base.__init__).parameters.items():
                if parameter.default is not inspect.Parameter.empty:
                    defaults.setdefault(name, parameter.default)
    return defaults


def changed(module: nn.Module, settings: Mapping[str, Any]) -> list[str]:
    """Return ``name=value`` of the settings of a layer that differ from its class' defaults.

    A setting that is no argument of the class is left out: all of its layers have it alike.
    """
    kind: Any = type(module)
    defaults = _defaults(kind)
    return [
        f"{name}={_text(value)}"
        for name, value in settings.items()
        if name in defaults and not _same(value, defaults[name])
    ]


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, Tensor) and value.is_meta:
        return False
    if isinstance(value, Tensor):
        return default is not None and bool((value == torch.as_tensor(default).to(value)).all())
    return bool(value == (ATan() if default is None and value == ATan() else default))


def _text(value: Any) -> str:
    if isinstance(value, Tensor):
        return shown(value)
    return f'"{value}"' if isinstance(value, str) else repr(value)
