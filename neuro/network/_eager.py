"""Running a ``forward`` as it is written, for ``print`` and breakpoints in it."""

from collections.abc import Callable
from contextlib import ExitStack
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from axonal.neuro import _checks
from axonal.neuro.layers import Layer, _apart
from axonal.neuro.layers.lift import over_time
from axonal.neuro.network import _supported_calls
from axonal.neuro.network._composition import Composition, as_written, reached
from axonal.neuro.network._tracer import NetworkError

Hook = Callable[..., Any]


def stateful_layers(net: nn.Module) -> dict[str, Layer[Any]]:
    """Return the layers with memory by path, in the order in which they were registered."""
    return {
        path: module
        for path, module in reached(net).items()
        if isinstance(module, Layer) and not isinstance(module, Composition)
    }


def run(net: Any, *inputs: Any) -> tuple[Any, dict[str, Any]]:
    """Run ``forward`` line by line on (*inputs, state); return the outputs and the states.

    Hooks hand every layer its state and keep the next one; modules and poolings of torch are
    applied to every step alike, as in the generated code.
    """
    *sequences, state = inputs
    states: dict[str, Any] = {}
    running: list[nn.Module] = []
    with ExitStack() as stack:
        for path, module in reached(net).items():
            if not isinstance(module, Composition):
                before, after = _hooks(path, module, state, states)
                enter = module.register_forward_pre_hook(_entering(running, before))
                leave = module.register_forward_hook(_leaving(running, after))
                stack.callback(enter.remove)
                stack.callback(leave.remove)
        stack.enter_context(as_written(net))
        stack.enter_context(_StepsAsSamples(running))
        outputs = net._written(*sequences)
    # in one order, whichever ran first
    return outputs, {path: states[path] for path in net._paths if path in states}


def _entering(running: list[nn.Module], before: Hook) -> Hook:
    thread = get_ident()

    def enter(module: nn.Module, args: tuple[Any, ...]) -> Any:
        if get_ident() != thread:
            return None  # another thread runs the layer by itself, which a hook sees too
        arguments = args if running else before(module, args)
        running.append(module)
        return arguments

    return enter


def _leaving(running: list[nn.Module], after: Hook) -> Hook:
    thread = get_ident()

    def leave(module: nn.Module, args: tuple[Any, ...], result: Any) -> Any:
        if get_ident() != thread:
            return None
        running.pop()
        return result if running else after(module, result)

    return leave


def _hooks(
    path: str, module: nn.Module, state: dict[str, Any], states: dict[str, Any]
) -> tuple[Hook, Hook]:
    """Return what is done to the arguments of a layer and to its result."""
    if isinstance(module, Layer):

        def with_state(layer: nn.Module, args: tuple[Any, ...]) -> Any:
            if len(args) != 1:
                raise NetworkError(f"{path} takes one input inside a Network, the sequence alone.")
            if path in states:
                raise NetworkError(
                    f"{path} is called a second time, but it has one state. Make a second layer."
                )
            return *args, state.get(path)

        def without_state(layer: nn.Module, result: Any) -> Any:
            y, states[path] = result
            return y

        return with_state, without_state
    if not _supported_calls.is_lifted(module):
        return (lambda _, args: args), (lambda _, y: y)
    batch: list[torch.Size] = []

    def as_samples(lifted: nn.Module, args: tuple[Any, ...]) -> Any:
        (x,) = args
        flat = x.flatten(0, 1)
        reason = _apart.problem(lifted)
        reason = f"{_checks.name_of(lifted)} {reason}" if reason else None
        reason = reason or _apart.shape_problem(lifted, flat.ndim)
        if reason:
            raise _checks.InputError(f"{reason} x is {tuple(x.shape)}.", lifted)
        batch.append(x.shape[:2])
        return (flat,)

    def as_steps(lifted: nn.Module, y: Tensor) -> Tensor:
        steps: Tensor = y.unflatten(0, batch.pop())
        return steps

    return as_samples, as_steps


class _StepsAsSamples(TorchFunctionMode):
    """Apply functions of torch that are made for batches to sequences [T, B, ...]."""

    def __init__(self, running: list[nn.Module]) -> None:
        super().__init__()
        self.running = running
        self.names = frozenset(_supported_calls.LIFTED.values())

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        named = kwargs or {}
        if self.running or getattr(func, "__name__", "") not in self.names:
            return func(*args, **named)
        x, *others = args
        return over_time(lambda flat: func(flat, *others, **named), x)
