"""State of neurons of any kind after a step."""

from typing import NamedTuple

from torch import Tensor


class State(NamedTuple):
    """State after a step.

    Attributes:
        v: potential [B, ...].
        a: second number of the kind, a current or an adaptation [B, ...]; of any value where the
            kind has none.
        wait: refractory steps left int32 [B, ...], or ``None``.
    """

    v: Tensor
    a: Tensor
    wait: Tensor | None
