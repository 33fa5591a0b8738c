"""Numbers per sample and step that a network handles, by layer."""

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
            y = result[0] if isinstance(result, tuple) else result
            given = args[0].data_ptr() == sample.data_ptr()
            found.append(Size(path, layer, args[0].numel(), y.numel(), given))

        return look

    counted = {
        path: m
        for path, m in net.named_modules()
        if path and isinstance(m, (*CONNECTIONS, neuro.Layer)) and not _contains(m)
    }
    handles = [layer.register_forward_hook(hook(path)) for path, layer in counted.items()]
    training = net.training
    try:
        with torch.no_grad():
            net.eval()(sample)
    finally:
        net.train(training)
        for handle in handles:
            handle.remove()
    return found


def activity(net: neuro.Network, x: Tensor) -> int:
    """Return the bytes that a backward pass through all steps waits with, for x [T, B, ...]."""
    numbers = 0
    for size in sizes(net, x):
        if isinstance(size.layer, CONNECTIONS):
            numbers += 0 if size.given else size.inputs
        else:
            numbers += size.outputs * fields(size.layer)
    return numbers * x.shape[0] * x.shape[1] * x.element_size()


def fields(layer: nn.Module) -> int:
    """Return how many numbers per step a neuron keeps for its backward pass: its potentials."""
    if isinstance(layer, neuro.LeakyIntegrator):
        return 0  # linear
    return 2 if isinstance(layer, neuro.ALIF | neuro.CuBaLIF) else 1


def bytes_of(*tensors: Tensor) -> int:
    """Return the bytes of tensors together."""
    return sum(t.numel() * t.element_size() for t in tensors)


def _contains(module: nn.Module) -> bool:
    return isinstance(module, neuro.Network | neuro.Recurrent)
