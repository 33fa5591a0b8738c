"""A kind of neuron: its step, and what its second number a does in compiled loops.

A step of any kind is, with m the second number where the potential is integrated,

    m = enter(a, x),  z = drive(x, m),  A = level(m)
    h = charge(v, z),  s = [h >= A],  v = reset(h, s, A),  a = leave(m, s)

and of one that scales its potential, with f in the place of h where it is compared and reset,

    f = scale(h),  s = [f >= A],  v = unscale(reset(f, s, A))

Everything but these six, and their derivatives, is the same for all kinds. They are functions of
numbers, which numba compiles into the loops of `cpu`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

Step = Callable[..., tuple[Tensor, Tensor, Tensor, Tensor | None]]
Scalar = Callable[..., Any]


def _first(a: Any, *_: Any) -> Any:
    return a


def _second(_: Any, b: Any, *rest: Any) -> Any:
    return b


def _nothing(a: Any, *_: Any) -> Any:
    return a - a


class Kind(NamedTuple):
    """A neuron, as its definition and as functions of numbers; the defaults have no second number.

    Attributes:
        step: one step in plain torch, of (x, v, a, wait, parameters, convention); returns spikes,
            v, a and wait. It is the definition.
        second: whether there is a second number.
        scaled: whether the potential is scaled; such a kind has no second number, no refractory
            steps, and the resets "zero" and "subtract".
        enter: m, of (a, x, other).
        drive: z, of (x, m).
        level: A, of (threshold, m, gain).
        leave: a after the step, of (m, s, other, 1).
        entered: m again, of (a before the step, a after it, other).
        of_spike: gradient that a after the step, c, gives the spike, of (c, other, 1).
        of_middle: gradient of m but for that through z, of (c, other, gradient of A, gain).
        of_input: gradient of x, of (gradient of z, that of m).
        of_before: gradient of a before the step, of (gradient of x, that of m, other).
        of_other: gradient of other, of (c, gradient of x, that of m, a before the step, s).
        scale: f, of (h, other, 0).
        unscale: v after the step, of (v after the reset, other).
        of_scale: gradient of h, of (that of f, h, other, 0).
        of_unscale: gradient of v after the reset, of (that of v after the step, other).
        of_factor: gradient of other, of (that of f, h, that of v after the step, v after the step,
            other, 0).
    """

    step: Step
    second: bool = False
    scaled: bool = False
    enter: Scalar = _first
    drive: Scalar = _first
    level: Scalar = _first
    leave: Scalar = _first
    entered: Scalar = _first
    of_spike: Scalar = _nothing
    of_middle: Scalar = _first
    of_input: Scalar = _first
    of_before: Scalar = _second
    of_other: Scalar = _nothing
    scale: Scalar = _first
    unscale: Scalar = _first
    of_scale: Scalar = _first
    of_unscale: Scalar = _first
    of_factor: Scalar = _nothing
