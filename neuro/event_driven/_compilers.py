"""Functions that compilers run as they are, without an import of torch's compiler."""

import functools
from collections.abc import Callable
from typing import Any

import torch

Forward = Callable[[Any, Any], Any]


def as_it_is(forward: Forward) -> Forward:
    """Have `torch.compile` run a forward as it is: spikes are counted when they are there.

    `torch.compiler.disable` says the same, but imports the compiler where it is written, which
    takes as long as torch itself and comes before every command that never compiles.
    """
    disabled: Forward = torch._disable_dynamo(forward)  # type: ignore[attr-defined]

    @functools.wraps(forward)
    def either(layer: Any, x: Any) -> Any:
        if torch.compiler.is_compiling():
            return disabled(layer, x)
        return forward(layer, x)

    return either
