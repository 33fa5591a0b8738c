"""The steps of torch on the way to ONNX: a program of a module, and its translation."""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from axonal.deploy.onnx.state_tensor import BATCH

OPSET = 20


def program_of(
    module: nn.Module, examples: Sequence[Tensor], batch_axes: Sequence[int] | None = None
) -> torch.export.ExportedProgram:
    """Return the program of a module.

    Args:
        module: takes tensors, one after another.
        examples: its arguments.
        batch_axes: the axis of the samples of each, whose number is then free; the module takes
            any number of tensors.
    """
    shapes = None
    if batch_axes is not None:
        batch = torch.export.Dim(BATCH)
        shapes = (tuple({axis: batch} for axis in batch_axes),)
    with torch.no_grad():
        return torch.export.export(module, tuple(examples), dynamic_shapes=shapes, strict=False)


def translated(
    program: torch.export.ExportedProgram, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
) -> Any:
    """Return a program as an ``onnx_ir.Model`` whose inputs and outputs have these names."""
    # not optimised: onnxscript drops x + 1e-8, the guard of a norm, as if it were x + 0
    made = torch.onnx.export(
        program, (), None, dynamo=True, optimize=False, verbose=False, opset_version=OPSET,
        input_names=inputs or None, output_names=outputs or None,
        custom_translation_table={torch.ops.aten.conv3d.default: _conv3d},
    )  # fmt: skip
    assert made is not None
    return made.model


def _conv3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Sequence[int] = (1, 1, 1),
    padding: Sequence[int] = (0, 0, 0),
    dilation: Sequence[int] = (1, 1, 1),
    groups: int = 1,
) -> Any:
    """Return ``aten::conv3d`` in ONNX; onnxscript 0.7 gives one without a bias two axes of it."""
    from onnxscript import opset20

    given = (x, weight) if bias is None else (x, weight, bias)
    return opset20.Conv(
        *given, strides=list(stride), pads=[*padding, *padding], dilations=list(dilation),
        group=groups,
    )  # fmt: skip


def tidied(model: Any) -> Any:
    """Return the model with plain names, without what nobody reads or what tells of this machine.

    Parameters get their names in the network, and the free axis is called "batch".
    """
    from onnx_ir.passes import common
    from onnxscript import optimizer

    optimizer.fold_constants(model)
    common.RemoveUnusedNodesPass()(model)
    common.ClearMetadataAndDocStringPass()(model)
    graph = model.graph
    taken = {value.name for value in (*graph.inputs, *graph.outputs)}
    for value in list(graph.initializers.values()):
        plain = value.name.removeprefix("net.")
        if plain not in taken:
            value.name = plain
    free = str(graph.inputs[0].shape[0])
    for value in (*graph.inputs, *(value for node in graph for value in node.outputs)):
        for axis, size in enumerate(value.shape or ()):
            if not isinstance(size, int):
                value.shape[axis] = str(size).replace(free, BATCH)
    return model


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the advice of exporters to their developers, graphs printed whole, from the user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
