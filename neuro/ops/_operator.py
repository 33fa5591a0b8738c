"""Registration of compiled functions as operators of torch."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._convention import SCHEMA, Convention
from axonal.neuro.ops._dispatch import unobserved
from axonal.neuro.ops._tangents import refused

Function = Callable[..., Any]

_WORD = "Convention convention"


class Operator:
    """A function of tensors that torch knows as ``axonal::name``, for compilers and transforms.

    Where none of these is at work, a call runs the function itself, or records it with its backward
    pass: torch's way through the operator takes longer than the loops of a small layer.

    torch takes tensors, numbers and strings one by one. A function whose annotation is a NamedTuple
    gets them as one; a call names them one by one, ``operator(x, *state, *neuron)``.

    Args:
        name: of the operator.
        schema: arguments and results in torch's form; ``Convention convention`` stands for one,
            which is flattened here and nowhere else.
        function: computes the results, on tensors of ``devices``.
        fake: returns results of the same shapes without computing them; its arguments are those of
            the function.
        devices: such as ``("cpu", "cuda")``.
        of: name of the operator in messages, where it is another one.
    """

    def __init__(
        self,
        name: str,
        schema: str,
        function: Function,
        fake: Function,
        *,
        devices: Sequence[str] = ("cpu", "cuda"),
        of: str = "",
    ) -> None:
        before, word, _ = schema.partition(_WORD)
        self.at = before.count(",") if word else None
        function, fake = _grouping(function), _grouping(fake)
        self.function = function
        self.recorded: Any = None
        self.registered = torch.library.custom_op(
            f"axonal::{name}",
            refused(of or name)(self._packing(function)),
            mutates_args=(),
            device_types=tuple(devices),
            schema=schema.replace(_WORD, SCHEMA),
        )
        self.registered.register_fake(self._packing(fake))
        if name.endswith("_backward"):
            # torch would say that a formula is missing, and to register one
            self.registered.register_autograd(_once(of or name))

    def _packing(self, function: Function) -> Function:
        def flat(*arguments: Any) -> Any:
            return function(*self.packed(arguments))

        return flat

    def packed(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return flat arguments with the fields of a convention as one."""
        if self.at is None:
            return arguments
        end = self.at + len(Convention._fields)
        convention = Convention(*arguments[self.at : end])
        return (*arguments[: self.at], convention, *arguments[end:])

    def differentiate(self, gradients: Function, setup: Function) -> None:
        """Register the backward pass.

        Args:
            gradients: of (ctx, cotangents of the results); returns a gradient or None for every
                argument, with a convention as one.
            setup: of (ctx, arguments, results); keeps what ``gradients`` needs.
        """

        def flat(ctx: Any, *cotangents: Any) -> tuple[Any, ...]:
            grads = gradients(ctx, *cotangents)
            if self.at is None:
                return tuple(grads)
            nothing = (None,) * len(Convention._fields)
            return (*grads[: self.at], *nothing, *grads[self.at + 1 :])

        def keep(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            setup(ctx, self.packed(inputs), output)

        self.registered.register_autograd(flat, setup_context=keep)
        self.recorded = _recorded(self.function, gradients, setup)

    def __call__(self, *arguments: Any) -> Any:
        """Run the function; a convention is one argument."""
        # loops, since every step of a comprehension or generator is one more call of Python
        tensors, learns = [], False
        for argument in arguments:
            if isinstance(argument, Tensor):
                tensors.append(argument)
                learns = learns or argument.requires_grad
        learns = learns and torch.is_grad_enabled()
        # the gradient of a gradient is for torch to refuse
        if (not learns or self.recorded is not None) and unobserved(*tensors):
            if learns:
                return self.recorded.apply(*arguments)
            return self.function(*_detached(arguments))
        if self.at is None:
            return self.registered(*arguments)
        flat = (*arguments[: self.at], *arguments[self.at], *arguments[self.at + 1 :])
        return self.registered(*flat)


def _grouping(function: Function) -> Function:
    """Let a function of NamedTuples take their fields one by one, but a convention as one."""
    places: list[tuple[type[tuple[Any, ...]] | None, int, int]] = []
    stop = 0
    for parameter in inspect.signature(function).parameters.values():
        kind = parameter.annotation
        if parameter.kind is parameter.KEYWORD_ONLY:
            continue
        grouped = kind is not Convention and hasattr(kind, "_fields")
        start, stop = stop, stop + (len(kind._fields) if grouped else 1)
        places.append((kind if grouped else None, start, stop))
    if stop == len(places):
        return function

    # as quick as may be, since every call of a small layer comes through here
    new = tuple.__new__

    def run(*flat: Any) -> Any:
        arguments = []
        for kind, start, stop in places:
            arguments.append(flat[start] if kind is None else new(kind, flat[start:stop]))
        return function(*arguments)

    return run


def _once(name: str) -> Function:
    """Return a backward pass that refuses to differentiate one of compiled code."""

    def refuse(ctx: Any, *_: Any) -> None:
        raise ValueError(
            f"{name} has no second derivative in compiled code: make the layer with "
            'backend="reference" where it has one, or differentiate by torch.func.grad, within '
            'which "auto" takes the definition.'
        )

    return refuse


def _detached(arguments: tuple[Any, ...]) -> list[Any]:
    """Return arguments as kernels below autograd see them, which numpy takes."""
    below = list(arguments)
    for place, argument in enumerate(arguments):
        if isinstance(argument, Tensor) and argument.requires_grad:
            below[place] = argument.detach()
    return below


def _recorded(function: Function, gradients: Function, setup: Function) -> Any:
    """Return the function with its backward pass, for autograd outside of any compiler."""

    class Recorded(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *arguments: Any) -> Any:
            output = function(*_detached(arguments))
            setup(ctx, arguments, output)
            return output

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            return gradients(ctx, *cotangents)

    return Recorded
