"""The inputs of a network that is exported: those given, or their shapes."""

import operator
from collections.abc import Sequence
from numbers import Integral
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from axonal.deploy.exporting.neurons import NEURONS
from axonal.neuro import LegendreMemory, Network, Recurrent


def given_inputs(net: Network, inputs: Any) -> list[Tensor]:
    """Return the inputs given for a golden run [T, B, ...] in double precision, one or several."""
    if inputs is None:
        return []
    given = [inputs] if isinstance(inputs, (Tensor, np.ndarray)) else list(inputs)
    if len(given) != len(net.input_names):
        raise ValueError(
            f"export expects one tensor for each of the inputs {', '.join(net.input_names)}, "
            f"got {len(given)}."
        )
    return [torch.as_tensor(x).detach().double() for x in given]


def input_shapes(net: Network, shape: Sequence[int] | int | None) -> list[tuple[int, ...]]:
    """Return the shape of every input, from the argument or from the layer that takes it."""
    if shape is not None:
        sizes: Any = (shape,) if isinstance(shape, Integral) else shape
        return [tuple(map(operator.index, sizes))] * len(net.input_names)
    shapes = []
    for node in net.traced.nodes:
        if node.op != "placeholder":
            continue
        users = [net.get_submodule(str(u.target)) for u in node.users if u.op == "call_module"]
        taken = [_of_layer(m) for m in users]
        known = [s for s in taken if s is not None]
        if not known:
            raise ValueError(
                f"export cannot tell the shape of the input {node.name}: name it, "
                "export(net, dt, input_shape=(C, H, W)), or give inputs."
            )
        shapes.append(known[0])
    return shapes


def _of_layer(module: nn.Module) -> tuple[int, ...] | None:
    if isinstance(module, Recurrent):
        return _of_layer(module.body)
    if isinstance(module, Network):
        first = next(n for n in module.traced.nodes if n.op == "placeholder")
        users = [module.get_submodule(str(u.target)) for u in first.users if u.op == "call_module"]
        return next((s for s in map(_of_layer, users) if s is not None), None)
    features = getattr(module, "in_features", None)
    if isinstance(module, LegendreMemory):
        features = module.inputs
    if isinstance(features, int):
        return (features,)
    return cast(tuple[int, ...], module.size) if isinstance(module, NEURONS) else None
