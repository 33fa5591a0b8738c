"""One step as a function of tensors alone: inputs and states in, output and new states out."""

import json
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree

from axonal.deploy.onnx.errors import ONNXError
from axonal.deploy.onnx.started import started
from axonal.deploy.onnx.state_tensor import StateTensor
from axonal.neuro import Layer

SAMPLES = 2
"""Samples of a step that is traced: torch takes one for a fixed size."""


class Step:
    """A network whose step takes and returns tensors, as exporters want them.

    Args:
        net: a Network or a layer with memory, in evaluation mode.
        inputs: one step of every input, [B, ...].

    Attributes:
        net: the network.
        module: takes the inputs and the tensors of the state, one after another; returns those of
            the output and of the new state.
        states: the tensors of the state.
        examples: arguments for ``module``.
        batch_axes: of each of them.
        outputs: names of the tensors of the output.
        heard: what every module of the network heard first.

    >>> from axonal.neuro import LIF
    >>> import torch
    >>> step = Step(LIF(3, refractory=2), [torch.ones(1, 3)])
    >>> [state.name for state in step.states], len(step.module(*step.examples))
    (['v', 'wait'], 3)
    """

    def __init__(self, net: Layer[Any], inputs: Sequence[Tensor]) -> None:
        two, three = (
            [x[:1].expand(n, *x.shape[1:]).clone() for x in inputs] for n in (SAMPLES, SAMPLES + 1)
        )
        first, more = started(net, two), started(net, three)
        paths, structure = pytree.tree_flatten_with_path(first.rest)
        held = [isinstance(leaf, Tensor) for _, leaf in paths]
        self.net: Any = net
        self.states = [
            StateTensor(name_of(path), leaf, _batch_axis(name_of(path), leaf, other))
            for (path, leaf), other in zip(paths, pytree.tree_leaves(more.rest), strict=True)
            if isinstance(leaf, Tensor)
        ]
        self.module = _Tensors(net, len(two), structure, held)
        self.examples = (*two, *(state.rest for state in self.states))
        self.batch_axes = (*(0 for _ in two), *(state.batch_axis for state in self.states))
        named, _ = pytree.tree_flatten_with_path(first.output)
        self.outputs = [".".join(filter(None, ("output", name_of(path)))) for path, _ in named]
        self.heard = first.heard

    def metadata(self) -> str:
        """Return the states by name as JSON."""
        return json.dumps([state.described() for state in self.states])


class _Tensors(nn.Module):
    """The function of tensors; torch looks through all that an exported module holds."""

    def __init__(self, net: Layer[Any], inputs: int, structure: Any, held: list[bool]) -> None:
        super().__init__()
        self.net: Any = net
        self.inputs, self.structure, self.held = inputs, structure, held

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        given = iter(tensors[self.inputs :])
        leaves = [next(given) if held else None for held in self.held]
        state = pytree.tree_unflatten(leaves, self.structure)
        y, after = self.net.step(*tensors[: self.inputs], state=state)
        kept = (leaf for leaf in pytree.tree_leaves(after) if isinstance(leaf, Tensor))
        return (*pytree.tree_leaves(y), *kept)


def name_of(path: Sequence[Any]) -> str:
    """Return the name of a tensor in a structure.

    >>> name_of(pytree.tree_flatten_with_path({"loop": (None, 3)})[0][1][0])
    'loop.1'
    """
    keys = (
        next(getattr(key, kind) for kind in ("key", "name", "idx") if hasattr(key, kind))
        for key in path
    )
    return ".".join(map(str, keys))


def _batch_axis(name: str, two: Tensor, three: Tensor) -> int:
    """Return the axis that grew with the number of samples."""
    sizes = list(zip(two.shape, three.shape, strict=True))
    grown = [axis for axis, (small, large) in enumerate(sizes) if small != large]
    if len(grown) != 1 or sizes[grown[0]] != (SAMPLES, SAMPLES + 1):
        raise ONNXError(
            f"{name} has no axis of one entry per sample: its shape is {tuple(two.shape)} for "
            f"{SAMPLES} samples and {tuple(three.shape)} for {SAMPLES + 1}."
        )
    return grown[0]
