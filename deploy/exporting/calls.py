"""Signals through modules without memory and the calls between layers."""

import operator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from axonal.deploy.exporting import affine
from axonal.deploy.exporting.affine_signal import Signal, constant
from axonal.neuro import BatchNorm, Conv2d, Dropout, Layer, Lift, Linear

_SEQUENCE = (BatchNorm, Conv2d, Dropout, Lift, Linear)


class AbandonedError(Exception):
    """The walk cannot go on: even the shape of what comes next is unknown."""


class UnsupportedError(Exception):
    """Something without an event-driven form; ``export`` collects these and lists them by path."""


def attribute(net: nn.Module, path: str) -> Any:
    """Return a parameter or constant of a module by its path, tensors as float64 numbers."""
    value: Any = net
    for name in path.split("."):
        value = getattr(value, name)
    return affine.numbers(value) if isinstance(value, Tensor) else value


def like_output(module: nn.Module, x: Signal) -> Signal:
    """Return an empty signal of the shape the module gives, so that the walk can go on."""
    zeros = torch.zeros(1, 2, *x.shape, dtype=torch.float64)
    try:
        with torch.no_grad():
            if isinstance(module, Layer):
                y = module(zeros)[0]
            else:
                y = module(zeros) if isinstance(module, _SEQUENCE) else module(zeros[0])[None]
    except (RuntimeError, ValueError) as error:
        raise AbandonedError(str(error).splitlines()[0]) from error
    return Signal(tuple(y.shape[2:]), {})


def module_output(module: nn.Module, x: Signal) -> Signal:
    """Apply a module without memory; `UnsupportedError` if it is not affine."""
    try:
        if isinstance(module, Linear):
            return affine.linear(x, module.masked_weight, module.bias)
        if isinstance(module, nn.Linear):
            return affine.linear(x, module.weight, module.bias)
        if isinstance(module, nn.Conv2d):
            masked = module.masked_weight if isinstance(module, Conv2d) else module.weight
            return affine.convolution(x, module, masked)
        if isinstance(module, (BatchNorm, nn.modules.batchnorm._BatchNorm)):
            return affine.batch_norm(x, module)
        if type(module) in affine.POOLS:
            return affine.pooling(x, module, affine.POOLS[type(module)])
    except ValueError as error:
        raise UnsupportedError(str(error)) from error
    if isinstance(module, affine.RESHAPES):
        return affine.rearrange(lambda i: module(i[0])[None], [x])
    raise UnsupportedError("not affine, so it cannot become synapses")


_ADD = {operator.add, torch.add, "add"}
_SUBTRACT = {operator.sub, torch.sub, "sub"}
MULTIPLY = {operator.mul, torch.mul, "mul"}
_DIVIDE = {operator.truediv, torch.div, "div"}
_NEGATE = {operator.neg, torch.neg, "neg"}
_NOTHING = {"float", "double", "contiguous", "to", "type_as"}
_MOVE = {
    torch.cat, torch.concat, torch.flatten, torch.reshape, torch.permute, torch.unsqueeze,
    torch.squeeze, torch.stack, torch.transpose, torch.flip, torch.roll, torch.unflatten,
    operator.getitem,
    "flatten", "reshape", "view", "permute", "unsqueeze", "squeeze", "transpose", "flip", "roll",
    "unflatten",
}  # fmt: skip
_REDUCE = {torch.sum, torch.mean, "sum", "mean"}


def call_output(target: Any, args: Any, kwargs: Any) -> Any:
    """Apply a function or method between layers; `UnsupportedError` if it is not affine."""
    signals = [a for a in pytree.tree_leaves((args, kwargs)) if isinstance(a, Signal)]
    if not signals or target is getattr or target == "size":
        return _size(target, args, kwargs)
    if target in _NOTHING:
        return signals[0]
    if target in _NEGATE:
        return signals[0].scale(-1)
    if target in _ADD | _SUBTRACT:
        if set(kwargs) - {"alpha"} or len(args) != 2:
            raise UnsupportedError("only a + b and a - b of two operands become synapses")
        sign = (-1 if target in _SUBTRACT else 1) * kwargs.get("alpha", 1)
        return _sum(args[0], args[1], sign)
    if target in MULTIPLY | _DIVIDE:
        if kwargs or len(args) != 2:
            raise UnsupportedError("only a * b and a / b of two operands become synapses")
        return _product(args[0], args[1], target in _DIVIDE)
    if target in _MOVE:
        return _move(target, args, kwargs, signals)
    if target in _REDUCE:
        return affine.reduction(args[0], lambda x: _call(target, (x, *args[1:]), kwargs))
    if target in affine.POOLS:
        axes = affine.POOLS[target]
        return affine.pooling(args[0], lambda x: target(x, *args[1:], **kwargs), axes)
    name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
    raise UnsupportedError(f"{name}(...) is not affine, so it cannot become synapses")


def _size(target: Any, args: Any, kwargs: Any) -> Any:
    """Evaluate sizes on a stand-in with one step and one sample."""
    real = pytree.tree_map(
        lambda a: torch.empty(1, 1, *a.shape) if isinstance(a, Signal) else a, (args, kwargs),
        is_leaf=lambda a: isinstance(a, Signal),
    )  # fmt: skip
    return _call(target, *real)


def _call(target: Any, args: Any, kwargs: Any) -> Any:
    """Call a function, or a method by its name."""
    if isinstance(target, str):
        return getattr(args[0], target)(*args[1:], **kwargs)
    return target(*args, **kwargs)


def _move(target: Any, args: Any, kwargs: Any, signals: list[Signal]) -> Signal:
    def call(*indices: Tensor) -> Tensor:
        numbered = iter(indices)
        real_args, real_kwargs = pytree.tree_map(
            lambda a: next(numbered) if isinstance(a, Signal) else a, (args, kwargs),
            is_leaf=lambda a: isinstance(a, Signal),
        )  # fmt: skip
        moved: Tensor = _call(target, real_args, real_kwargs)
        return moved

    return affine.rearrange(call, signals)


def broadcast(a: Any, shape: tuple[int, ...]) -> Signal:
    """Return a signal, or a constant, in a shape that it broadcasts to."""
    if not isinstance(a, Signal):
        return constant(a, shape)
    if a.shape == shape:
        return a
    return affine.rearrange(lambda i: i.broadcast_to(1, 1, *shape), [a])


def _one_step(a: Any, axes: int) -> Any:
    """Return a constant without axes of length 1 for steps and samples, a signal as it is."""
    if isinstance(a, Signal) or np.ndim(a) <= axes:
        return a
    return np.reshape(a, np.shape(a)[np.ndim(a) - axes :])


def _sum(a: Any, b: Any, sign: float) -> Signal:
    axes = max(len(s.shape) for s in (a, b) if isinstance(s, Signal))
    a, b = _one_step(a, axes), _one_step(b, axes)
    shapes = [s.shape if isinstance(s, Signal) else np.shape(s) for s in (a, b)]
    shape = np.broadcast_shapes(*shapes)
    return broadcast(a, shape) + broadcast(b, shape).scale(sign)


def _product(a: Any, b: Any, divide: bool) -> Signal:
    if isinstance(b, Signal):
        if divide or isinstance(a, Signal):
            raise UnsupportedError("the product of two signals cannot become synapses")
        a, b = b, a
    b = np.asarray(_one_step(b, len(a.shape)))
    factor = 1 / b if divide else b
    shape = np.broadcast_shapes(a.shape, factor.shape)
    return broadcast(a, shape).scale(factor)
