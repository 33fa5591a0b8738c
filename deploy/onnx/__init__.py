"""ONNX files of one step of a network, its states among the inputs and outputs."""

from axonal.deploy.onnx.errors import ONNXError
from axonal.deploy.onnx.export_onnx import to_onnx

__all__ = ["ONNXError", "to_onnx"]
