"""Numbers per sample and step that a network handles, by layer."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian.local._chain import CONNECTIONS


class Size(NamedTuple):
    """Numbers per sample and step of one layer.

    Args:
        path: of the layer.
        layer: itself.
        inputs: numbers that come in.
        outputs: numbers that go out.
        given: whether the input is that of the network.
    """

    path: str
    layer: nn.Module
    inputs: int
    outputs: int
    given: bool


def sizes(net: neuro.Network, x: Tensor) -> list[Size]:
    """Return the size of every connection and neuron for inputs like ``x`` [T, B, ...]."""
    found: list[Size] = []
    sample = x[:1, :1]

    def hook(path: str) -> Any:
        def look(layer: nn.Module, args: tuple[Any, ...], result: Any) -> None:
            if isinstance(layer, (*CONNECTIONS, neuro.Layer)):
                y = result[0] if isinstance(result, tuple) else result
                given = args[0].data_ptr() == sample.data_ptr()
                found.append(Size(path, layer, args[0].numel(), y.numel(), given))

        return look

    _watched(net, sample, hook)
    return found


def activity(net: neuro.Network, x: Tensor) -> int:
    """Return the bytes that a backward pass through all steps waits with, for x [T, B, ...].

    Counted are inputs of connections and norms, outputs of ReLU, inputs and indices of pooling,
    each tensor once, and potentials of neurons.
    """
    sample, held, beside = x[:1, :1], dict[int, Tensor](), 0

    def hook(layer: nn.Module, args: tuple[Any, ...], result: Any) -> None:
        nonlocal beside
        kept: Tensor | None = None
        if isinstance(layer, (*CONNECTIONS, neuro.BatchNorm, nn.MaxPool2d)):
            kept = args[0]
        elif isinstance(layer, nn.ReLU):
            kept = result
        elif isinstance(layer, neuro.Layer):
            beside += result[0].numel() * fields(layer) * x.element_size()
        if isinstance(layer, nn.MaxPool2d):
            beside += result.numel() * torch.int64.itemsize
        if kept is not None and kept.data_ptr() != sample.data_ptr():
            # held, so that no other tensor gets its place
            held[kept.data_ptr()] = kept

    _watched(net, sample, lambda path: hook)
    numbers = sum(t.numel() for t in held.values())
    return (numbers * x.element_size() + beside) * x.shape[0] * x.shape[1]


def _watched(net: neuro.Network, sample: Tensor, hook: Callable[[str], Any]) -> None:
    """Run a sample with a hook at every layer that holds no others."""
    leaves = [(path, m) for path, m in net.named_modules() if path and not _contains(m)]
    handles = [layer.register_forward_hook(hook(path)) for path, layer in leaves]
    training = net.training
    try:
        with torch.no_grad():
            net.eval()(sample)
    finally:
        net.train(training)
        for handle in handles:
            handle.remove()


def fields(layer: nn.Module) -> int:
    """Return how many numbers per step a neuron keeps for its backward pass: its potentials."""
    if isinstance(layer, neuro.LeakyIntegrator):
        return 0  # linear
    adaptive = neuro.ALIF | neuro.CuBaLIF | neuro.LSNN | neuro.AdEx
    return 2 if isinstance(layer, adaptive) else 1


def bytes_of(*tensors: Tensor) -> int:
    """Return the bytes of tensors together."""
    return sum(t.numel() * t.element_size() for t in tensors)


def _contains(module: nn.Module) -> bool:
    return isinstance(module, neuro.Network | neuro.Recurrent)
