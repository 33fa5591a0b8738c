"""From a network to an ONNX file of one step."""

from os import PathLike
from typing import Any

from torch import Tensor

from axonal._base.files import check_target, write_bytes
from axonal._base.version import version
from axonal.deploy.exporting.exact_copy import evaluation_copy
from axonal.deploy.onnx.errors import ONNXError, check_packages
from axonal.deploy.onnx.refusals import culprits, reason, refusal
from axonal.deploy.onnx.step import Step
from axonal.deploy.onnx.translation import program_of, quiet, tidied, translated
from axonal.neuro import Layer, Network
from axonal.neuro._checks import InputError
from axonal.neuro.ops._dispatch import by_definition

LARGEST = 2**31 - 1
"""Bytes that a file may take: a message of protobuf holds no more."""


def to_onnx(net: Layer[Any], path: str | PathLike[str], *inputs: Tensor) -> None:
    """Write one step of a network as an ONNX file, whose states come in and go out.

        output, states at t + 1 = step(inputs at t, states at t)

    The file runs without axonal and torch, in onnxruntime for example: a loop hands every new
    state back in. It is the network in evaluation mode, on the definition of every layer, in the
    type that the network holds, with the standard operators of ONNX (opset 20) only. Sums of
    connections are rounded in another order than in torch: where they are exact, as of weights on a
    grid, the spikes are those of :class:`axonal.neuro.Streamer`; a potential within rounding of the
    threshold may fire on one side only. onnxruntime has no convolution and no leaky ReLU in
    float64, which delays and a :class:`LeakyRNN` are made of: write ``net.float()`` for it.

    Inputs of the file are those of the network [B, ...] under their names, ``input`` of a bare
    layer, and the tensors of the state by path and field, such as ``hidden.v``. Outputs are
    ``output`` (``output.0``, ... of several) and the new states, ``hidden.v.next``. B is free. The
    entry ``states`` of the metadata is a JSON list: for every tensor of the state its ``name``, the
    ``next`` one, ``type``, ``shape`` (with "batch" for B) and value at ``rest``, a number or
    numbers that broadcast to the shape.

    Args:
        net: a Network or a layer with memory; it is not changed.
        path: of the file, customarily ``*.onnx``, which is written whole or not at all.
        inputs: one step of every input [B, ...], of which shape and type count alone.

    Raises:
        ONNXError: for layers that have no ONNX form, named by path with the reason.
        TypeError: for what is no network, and inputs that are no tensors.
        ValueError: for inputs that do not fit the network.
        ImportError: onnx or onnxscript is not installed; they belong to the extra ``onnx``.
        OSError: the file cannot be written.

    >>> import json, tempfile, torch
    >>> import numpy as np, onnxruntime
    >>> from axonal import neuro
    >>> net = neuro.Sequential({"hidden": neuro.LIF(2, tau=2.0, decay="euler")})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_onnx(net, f"{folder}/net.onnx", torch.zeros(1, 2))
    ...     session = onnxruntime.InferenceSession(f"{folder}/net.onnx")
    >>> states = json.loads(session.get_modelmeta().custom_metadata_map["states"])
    >>> states[0]["name"], states[0]["next"], states[0]["shape"], states[0]["rest"]
    ('hidden.v', 'hidden.v.next', ['batch', 2], 0.0)
    >>> present = {s["name"]: np.zeros((1, 2), s["type"]) for s in states}
    >>> for _ in range(2):
    ...     given = {"x": np.array([[0.7, 2.0]], np.float32), **present}
    ...     y, *after = session.run(["output", *(s["next"] for s in states)], given)
    ...     present = dict(zip(present, after))
    ...     print(y)
    [[0. 1.]]
    [[1. 1.]]
    """
    if not isinstance(net, Layer):
        raise TypeError(
            f"to_onnx expects a Network or a layer with memory, got {type(net).__name__}. "
            "Wrap a module in neuro.Network first."
        )
    names = list(net.input_names) if isinstance(net, Network) else ["input"]
    _check_inputs(net, names, inputs)
    check_packages()
    check_target(path)
    step = Step(evaluation_copy(net).cpu(), [x.detach().cpu() for x in inputs])
    described = step.metadata()
    with by_definition(), quiet():
        model = _model(step, names)
    model.graph.name = title(net)
    model.producer_name, model.producer_version = "axonal", version()
    model.metadata_props["states"] = described
    write_bytes(path, _content(model))


def title(net: Layer[Any]) -> str:
    """Return the name of a network in messages and files."""
    return str(net.source_name) if isinstance(net, Network) else type(net).__name__


def _check_inputs(net: Layer[Any], names: list[str], inputs: tuple[Any, ...]) -> None:
    who = title(net)
    if isinstance(net, Network) and not net._traces:
        raise ONNXError(f"{who} was made with trace=False, which nothing can export: trace it.")
    if len(inputs) != len(names):
        raise ValueError(
            f"to_onnx expects one step of every input of {who} ({', '.join(names)}), got "
            f"{len(inputs)}: write to_onnx(net, path, {', '.join(names)}), each [B, ...]."
        )
    for name, x in zip(names, inputs, strict=True):
        if not isinstance(x, Tensor):
            raise TypeError(f"to_onnx expects {name} [B, ...] as a tensor, got {type(x).__name__}.")
        if x.ndim == 0 or len(x) == 0:
            raise ValueError(f"to_onnx expects {name} [B, ...] with B >= 1, got {tuple(x.shape)}.")


def _model(step: Step, names: list[str]) -> Any:
    """Return the graph of a step, in the terms of onnx_ir."""
    try:
        model = translated(
            program_of(step.module, step.examples, step.batch_axes),
            [*names, *(state.name for state in step.states)],
            [*step.outputs, *(f"{state.name}.next" for state in step.states)],
        )
    except InputError:
        raise
    except Exception as error:
        found = culprits(step.net, step.heard) or [reason(error)]
        raise refusal(title(step.net), found) from error
    return tidied(model)


def _content(model: Any) -> bytes:
    """Return the bytes of a file."""
    import onnx_ir

    proto = onnx_ir.to_proto(model)
    size = proto.ByteSize()
    if size > LARGEST:
        raise ONNXError(
            f"{model.graph.name} takes {size:,} bytes, more than the {LARGEST:,} that an ONNX file "
            "may."
        )
    content: bytes = proto.SerializeToString()
    return content
