"""The state of a network at rest, with a tensor wherever a step returns one."""

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from axonal.deploy.onnx.errors import ONNXError
from axonal.neuro import Layer, Network, Recurrent


class Started(NamedTuple):
    """A step from rest.

    Attributes:
        output: of the step.
        rest: the state before it, all tensors apart.
        heard: what every module heard first.
    """

    output: Any
    rest: Any
    heard: dict[nn.Module, Tensor]


def started(net: Layer[Any], inputs: Sequence[Tensor]) -> Started:
    """Run one step [B, ...] from rest, and return the state before it.

    Raises:
        ONNXError: for a layer that does not say it, or says another one than it returns.

    >>> from axonal.neuro import LIF, Linear
    >>> loop = Recurrent(LIF(2), Linear(2, 2), delay=3)
    >>> state = started(loop, [torch.ones(1, 2)]).rest
    >>> state.recent.shape, state.body.v
    (torch.Size([3, 1, 2]), tensor([[0., 0.]]))
    """
    heard: dict[nn.Module, Tensor] = {}

    def hear(module: nn.Module, args: tuple[Any, ...]) -> None:
        if args and isinstance(args[0], Tensor):
            heard.setdefault(module, args[0])

    handles = [module.register_forward_pre_hook(hear) for module in net.modules()]
    try:
        with torch.no_grad():
            # called, since a layer may have a step that no hook hears
            outputs, after = net(*(x.unsqueeze(0) for x in inputs))
    finally:
        for handle in handles:
            handle.remove()
    # layers may give one tensor of zeros twice, which torch.export would take for one input
    rest = pytree.tree_map(_apart, _rest(net, after, heard, ""))
    return Started(pytree.tree_map(operator.itemgetter(0), outputs), rest, heard)


def _rest(layer: Any, after: Any, heard: dict[nn.Module, Tensor], path: str) -> Any:
    within = f"{path}." if path else ""
    if isinstance(layer, Network):
        parts = layer.stateful_layers
        return {p: _rest(parts[p], after[p], heard, f"{within}{p}") for p in after}
    if isinstance(layer, Recurrent):
        return layer.init(heard[layer][0])._replace(
            body=_rest(layer.body, after.body, heard, f"{within}body"),
            feedback=_rest(layer.feedback, after.feedback, heard, f"{within}feedback"),
        )
    who = f"{path} ({type(layer).__name__})" if path else type(layer).__name__
    if not hasattr(layer, "init"):
        raise ONNXError(
            f"{who} does not say its state at rest, which a file must hold: give it a method "
            "init(x) that returns it for inputs like x [B, ...]."
        )
    rest = layer.init(heard[layer][0])
    if _forms(rest) != _forms(after):
        raise ONNXError(
            f"{who} returns another state than its init(x) does, in structure, shapes or types: "
            "let init return tensors like those after a step."
        )
    return rest


def _apart(leaf: Any) -> Any:
    return leaf.clone() if isinstance(leaf, Tensor) else leaf


def _forms(state: Any) -> tuple[Any, list[Any]]:
    """Return what two states of one layer have in common."""
    leaves, structure = pytree.tree_flatten(state)
    forms = [(a.shape, a.dtype) if isinstance(a, Tensor) else type(a) for a in leaves]
    return structure, forms
