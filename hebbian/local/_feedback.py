"""Other matrices than the transposed weights on the way back."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian.local._chain import CONNECTIONS
from axonal.neuro.ops.delayed_linear import delayed_linear

Matrices = Mapping[str, Callable[[], Tensor]]
"""Makers of the feedback weights of connections, by path."""


def connections(net: neuro.Network) -> dict[str, Any]:
    """Return all connections of a network by path, those inside loops included."""
    return {path: m for path, m in net.named_modules() if isinstance(m, CONNECTIONS)}


def first(net: neuro.Network) -> set[str]:
    """Return the paths of connections that nothing is sent back through: those of the input."""
    inputs = {node for node in net.traced.nodes if node.op == "placeholder"}
    calls = (node for node in net.traced.nodes if node.op == "call_module")
    return {str(node.target) for node in calls if set(node.all_input_nodes) <= inputs}


@contextmanager
def sent_back(net: neuro.Network, matrices: Matrices) -> Iterator[None]:
    """Let gradients of inputs go through other weights, while those of the weights stay.

    Args:
        net: the network.
        matrices: feedback weights in the shape of the weights, for each connection by path.
    """
    found, handles = connections(net), []
    for path, make in matrices.items():
        inputs: list[Tensor] = []
        layer = found[path]
        handles.append(layer.register_forward_pre_hook(_cut(inputs)))
        handles.append(layer.register_forward_hook(_joined(inputs, make), prepend=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _cut(inputs: list[Tensor]) -> Callable[..., Any]:
    def hook(layer: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        inputs.append(args[0])
        return (args[0].detach(), *args[1:])

    return hook


def _joined(inputs: list[Tensor], make: Callable[[], Tensor]) -> Callable[..., Any]:
    def hook(layer: nn.Module, args: tuple[Any, ...], result: Any) -> Any:
        x = inputs.pop()
        y, *state = result if isinstance(result, tuple) else (result,)
        if not x.requires_grad:
            return result
        with torch.no_grad():
            weight = make()
            mask = getattr(layer, "mask", None)
            weight = weight if mask is None else weight * mask
        y = _Back.apply(x, y, weight, layer)  # type: ignore[no-untyped-call]
        return (y, *state) if state else y

    return hook


class _Back(torch.autograd.Function):
    """Hand the output on; send its gradient to the input through other weights."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, weight: Tensor, layer: Any) -> Tensor:
        ctx.weight, ctx.layer, ctx.shape = weight, layer, x.shape
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        return _input_gradient(ctx.layer, ctx.weight, ctx.shape, grad), grad, None, None


def _input_gradient(layer: Any, weight: Tensor, shape: torch.Size, grad: Tensor) -> Tensor:
    """Return the gradient [T, B, ...] of the input of connections that had these weights."""
    if isinstance(layer, neuro.Linear):
        return grad @ weight
    with torch.enable_grad():
        x = grad.new_zeros(shape, requires_grad=True)
        if isinstance(layer, neuro.Conv2d):
            flat = layer._conv_forward(x.flatten(0, 1), weight, None)
            y = flat.unflatten(0, shape[:2])
        else:
            rounded = layer.frozen or not layer.training
            y, _ = delayed_linear(
                x, layer.init(x[0]).history, weight, layer.delay.detach(), layer.sigma,
                kernel="one-tap" if rounded else layer.kernel, max_delay=layer.max_delay,
            )  # fmt: skip
        (back,) = torch.autograd.grad(y, x, grad)
    return back
