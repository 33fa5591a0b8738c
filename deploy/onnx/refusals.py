"""The layers that have no ONNX form, each with its reason in one line."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from axonal.deploy.graph.errors import every_reason
from axonal.deploy.onnx.errors import ONNXError
from axonal.deploy.onnx.step import Step
from axonal.deploy.onnx.translation import program_of, translated
from axonal.neuro import Layer

_MEANINGS = (
    ("No ONNX function found", "it calls an operator of torch without an ONNX form"),
    ("No decompositions registered", "it calls an operator of torch without an ONNX form"),
    ("Constraints violated", "its code fixes the number of samples, as len(x) does where "
     "x.shape[0] would not"),
    ("data-dependent", "its code branches on values: write torch.where"),
    (".numpy()", "it computes outside of torch"),
    ("doesn't allow TensorImpl", "it computes outside of torch"),
)  # fmt: skip


def refusal(who: str, reasons: Sequence[str]) -> ONNXError:
    """Return the error of a network: one line for one reason, a list for several."""
    return ONNXError(every_reason(f"{who} has no ONNX form", reasons))


def reason(error: BaseException) -> str:
    """Return the cause of an error of torch's exporters in one line."""
    errors = [error]
    while (cause := errors[-1].__cause__) is not None:
        errors.append(cause)
    told = "\n".join(map(str, errors))
    for words, meaning in _MEANINGS:
        if words in told:
            return meaning
    line = next((line.strip() for line in str(errors[-1]).splitlines() if line.strip()), "")
    return f"torch says {type(errors[-1]).__name__}: {line}"


def culprits(net: nn.Module, heard: Mapping[nn.Module, Tensor]) -> list[str]:
    """Return a line for every innermost module that has no ONNX form by itself.

    Args:
        net: the network that has none.
        heard: what its modules heard first.
    """
    found: dict[str, str] = {}
    inside_first = sorted(
        ((path, m) for path, m in net.named_modules() if path and m in heard),
        key=lambda named: -named[0].count("."),
    )
    for path, module in inside_first:
        if any(inner.startswith(f"{path}.") for inner in found):
            continue
        if (why := _problem(module, heard[module])) is not None:
            found[path] = f"{path} ({type(module).__name__}): {why}"
    return [found[path] for path, _ in net.named_modules() if path in found]


def _problem(module: nn.Module, x: Tensor) -> str | None:
    """Return why a module has no ONNX form; None if it has one."""
    try:
        if isinstance(module, Layer):
            step = Step(module, [x[0]])
            program = program_of(step.module, step.examples, step.batch_axes)
        else:
            program = program_of(module, [x])
        translated(program)
    except ONNXError as error:
        return str(error)
    except Exception as error:  # whatever torch and its exporters raise
        return reason(error)
    return None
