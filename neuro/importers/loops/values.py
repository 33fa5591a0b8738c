"""Values of an unrolled loop: which step they belong to, and which row of a step made them."""

from typing import Any, NamedTuple

from torch import Tensor, fx


class Step(NamedTuple):
    """A value [B, ...] of one step; of every step alike if ``step`` is None."""

    row: int
    step: int | None


class Whole(NamedTuple):
    """A sequence [T, B, ...]."""

    row: int


class Entries(NamedTuple):
    """The steps of a sequence, one by one."""

    row: int


class Framed(NamedTuple):
    """A step with an axis for time in front of it, [1, B, ...]."""

    row: int
    step: int | None


class Total(NamedTuple):
    """The sum of the first steps [B, ...], as many as were ``added``."""

    row: int
    added: int


class Outputs(NamedTuple):
    """The output and the states that a module with memory returns at a step."""

    path: str
    row: int
    step: int | None


class State(NamedTuple):
    """A state after a step, of all steps if ``step`` is None; its ``place`` behind the output."""

    path: str
    step: int | None
    place: int


class Fixed(NamedTuple):
    """A value that does not depend on the input; 0 everywhere if ``zero``."""

    zero: bool


class After(NamedTuple):
    """A value that is made of all steps together."""


Value = Step | Whole | Entries | Framed | Total | Outputs | State | Fixed | After


def example(node: Any) -> Any:
    """Return what a node is on the example; anything else is itself."""
    return node.meta["example"] if isinstance(node, fx.Node) else node


def is_zero(value: Any) -> bool:
    """Return whether a number or a tensor is 0 everywhere; an empty one is."""
    if isinstance(value, Tensor):
        return not bool(value.any())
    return isinstance(value, (int, float)) and value == 0
