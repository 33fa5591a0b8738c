"""The error of networks without an ONNX form, and the packages that writing one needs."""

from axonal._base.extras import extra


class ONNXError(ValueError):
    """A network that has no ONNX form; the message names every layer that is in the way.

    >>> raise ONNXError("Net has no ONNX form: gate (Gate): it branches on values")
    Traceback (most recent call last):
    axonal.deploy.onnx.errors.ONNXError: Net has no ONNX form: gate (Gate): it branches on values
    """


def check_packages() -> None:
    """Refuse to go on without the packages that torch writes ONNX with."""
    for package in ("onnx", "onnxscript"):
        extra(package, "onnx", "ONNX files")
