"""Traces of layers inside a network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro.layers import Layer
from axonal.neuro.network._supported_calls import is_lifted
from axonal.neuro.network.network import Network
from axonal.neuro.network.recurrent import Recurrent

Calls = dict[str, list[tuple[Tensor, Any, Tensor]]]


@contextmanager
def watched(net: nn.Module, layers: Mapping[str, nn.Module]) -> Iterator[Calls]:
    """Collect (input, state before, output) of every call of ``layers`` by path."""
    calls: Calls = {path: [] for path in layers}

    def hook(path: str) -> Callable[..., None]:
        def collect(_: nn.Module, args: tuple[Any, ...], result: Any) -> None:
            y = result[0] if isinstance(result, tuple) else result
            calls[path].append((args[0], args[1] if len(args) > 1 else None, y))

        return collect

    handles = [layer.register_forward_hook(hook(path)) for path, layer in layers.items()]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _state_trace(layer: Layer[Any], x: Tensor, state: Any, name: str, path: str) -> Tensor:
    """Return one field of a layer's state after each step of ``x``."""
    values = []
    for x_t in x.unbind(0):
        _, state = layer.step(x_t, state)
        fields = getattr(state, "_fields", ())
        if name not in fields or not isinstance(getattr(state, name), Tensor):
            known = ", ".join(("spikes", "input", *fields))
            raise ValueError(f"{path} has no trace {name!r}; it has {known}.")
        values.append(getattr(state, name))
    return torch.stack(values)


def record(
    net: Network, *inputs: Any, state: Any = None
) -> tuple[Any, dict[str, dict[str, Tensor]]]:
    """Run a network and return inputs, outputs and states of layers inside it.

    ``record(net, x, {"hidden": ("spikes", "v")})``: the last argument names the traces to keep, by
    path of the layer. ``"spikes"`` (or ``"output"``) is the layer's output, ``"input"`` its input,
    any other name a field of its state after each step: ``"v"`` of a LIF is the potential after the
    reset. Layers inside a ``Recurrent`` are reached by their full path.

    Args:
        net: the network.
        inputs: the inputs [T, B, ...], then the dict of traces by path.
        state: the state to go on from.

    Returns:
        The network's output, and the traces by path and name, each [T, B, ...].

    Raises:
        ValueError: for a path or a trace that does not exist; the existing ones are listed.

    >>> from axonal import neuro
    >>> net = neuro.Sequential({"fc": neuro.Linear(3, 4), "hidden": neuro.LIF(4)})
    >>> y, traces = record(net, torch.rand(5, 2, 3), {"hidden": ("spikes", "v")})
    >>> traces["hidden"]["v"].shape, torch.equal(traces["hidden"]["spikes"], y)
    (torch.Size([5, 2, 4]), True)
    """
    if not inputs or not isinstance(inputs[-1], Mapping):
        raise TypeError(
            'record expects the traces last: record(net, x, {"hidden": ("spikes", "v")}).'
        )
    wanted: Mapping[str, Sequence[str]] = inputs[-1]
    modules = dict(net.named_modules())
    unknown = [path for path in wanted if path not in modules or not path]
    if unknown:
        known = ", ".join(path for path, m in modules.items() if path and isinstance(m, Layer))
        raise ValueError(f"no layer at {', '.join(map(repr, unknown))}; layers: {known}.")
    with watched(net, {path: modules[path] for path in wanted}) as calls:
        output, _ = net(*inputs[:-1], state=state)
    traces: dict[str, dict[str, Tensor]] = {}
    for path, names in wanted.items():
        names = (names,) if isinstance(names, str) else names
        if not calls[path]:
            raise ValueError(f"{path} did not run by itself: record the layer that calls it.")
        batch = inputs[0].shape[1]
        traces[path] = {
            name: _trace(modules[path], calls[path], name, path, batch) for name in names
        }
    return output, traces


def _trace(
    layer: nn.Module, calls: list[tuple[Tensor, Any, Tensor]], name: str, path: str, batch: int
) -> Tensor:
    contains = isinstance(layer, (Network, Recurrent))
    if name == "spikes" and not contains and not getattr(layer, "spiking", False):
        raise ValueError(f'{path} ({type(layer).__name__}) fires no spikes: write "output".')
    if name in ("spikes", "output", "input"):
        whole = torch.cat([x if name == "input" else y for x, _, y in calls])
        return whole.unflatten(0, (-1, batch)) if is_lifted(layer) else whole
    if not isinstance(layer, Layer):
        raise ValueError(f"{path} has no state; it has the traces output and input.")
    return torch.cat([_state_trace(layer, x, before, name, path) for x, before, _ in calls])
