"""Connections as an operator of torch: what it checks, keeps and differentiates."""

from typing import Any

from torch import Tensor

from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape

if HAS_NUMBA:
    from axonal.neuro.ops.spike_linear import cpu


def multiply(x: Tensor, weight: Tensor) -> Tensor:
    """Return ``x W^T`` [R, O] for x [R, I] and W [O, I]."""
    same_shape("spike_linear", "weight", weight, (len(weight), x.shape[1]))
    return cpu.multiply(x, weight)


def _fake_multiply(x: Tensor, weight: Tensor) -> Tensor:
    return x.new_empty(x.shape[0], len(weight))


def weight_gradient(x: Tensor, g: Tensor) -> Tensor:
    """Return ``g^T x`` [O, I] for x [R, I] and the gradient g [R, O] of the products."""
    return cpu.weight_gradient(x, g)


def _fake_weight_gradient(x: Tensor, g: Tensor) -> Tensor:
    return x.new_empty(g.shape[1], x.shape[1])


_forward = Operator(
    "spike_linear",
    "(Tensor x, Tensor weight) -> Tensor",
    multiply,
    _fake_multiply,
    devices=("cpu",),
)
_backward = Operator(
    "spike_linear_weight",
    "(Tensor x, Tensor g) -> Tensor",
    weight_gradient,
    _fake_weight_gradient,
    devices=("cpu",),
    of="spike_linear",
)


def _setup(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    x, weight = inputs
    needs_x, needs_weight = ctx.needs_input_grad[:2]
    ctx.save_for_backward(x if needs_weight else None, weight if needs_x else None)


def _gradients(ctx: Any, g: Tensor) -> tuple[Tensor | None, Tensor | None]:
    x, weight = ctx.saved_tensors
    # the gradient of spikes is not sparse
    return (
        None if weight is None else g @ weight,
        None if x is None else _backward(x, g),
    )


_forward.differentiate(_gradients, _setup)


def spike_linear(x: Tensor, weight: Tensor) -> Tensor:
    """Multiply ``x`` [..., I]; see :func:`axonal.neuro.ops.spike_linear.spike_linear`."""
    y: Tensor = _forward(x.flatten(0, -2), weight)
    return y.view(*x.shape[:-1], len(weight))


def of_weight(x: Tensor, g: Tensor) -> Tensor:
    """Return ``g^T x``; see :func:`axonal.neuro.ops.spike_linear.weight_gradient`."""
    found: Tensor = _backward(x, g)
    return found
