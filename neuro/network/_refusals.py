"""Errors of inputs and states that a Network refuses."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from axonal.neuro._checks import InputError, shape_or_type


def wrong_count(net: Any, inputs: Sequence[Any]) -> InputError:
    """Return the error of a call with too few or too many arguments."""
    return InputError(
        f"{net.source_name} takes {len(net.input_names)} input(s) ({', '.join(net.input_names)}) "
        f"and a state, got {len(inputs)} argument(s).",
        net,
    )


def wrong_input(net: Any, name: str, x: Any, first: Any) -> InputError:
    """Return the error of an input that is no sequence, or not as long as the first."""
    who = net.source_name
    if not isinstance(x, Tensor) or x.ndim < 2:
        return InputError(f"{who} expects {name} [T, B, ...], got {shape_or_type(x)}.", net)
    if not x.is_floating_point():
        return InputError(
            f"{who} expects floating-point {name}, got {x.dtype}: write {name}.float().", net
        )
    if x.shape[0] == 0:
        return InputError(
            f"{who} got {name} {tuple(x.shape)}: T = 0, there is no step to run.", net
        )
    return InputError(
        f"{who} expects inputs of equal T and B, got {tuple(first.shape[:2])} and "
        f"{tuple(x.shape[:2])} ({name}).",
        net,
    )


def wrong_state(net: Any, state: Any) -> InputError:
    """Return the error of a state that another network returned, or none did."""
    named = isinstance(state, Mapping)
    got = (", ".join(map(str, state)) or "none") if named else type(state).__name__
    return InputError(
        f"{net.source_name} expects the state it returned, with the layers "
        f"{', '.join(net._paths)}; got {got}.",
        net,
    )
