"""States of the modules of a framework."""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn


class Memory(NamedTuple):
    """States of a framework's modules.

    Args:
        returned: number of values that a module with memory returns, 0 for its output as it is;
            None of a module without memory.
        keeps: whether a module that is given no state goes on with its own.
        unreset: whether the last state of a module is a potential that nothing resets.
        repeats: steps for which a module repeats its input, None for others.
    """

    returned: Callable[[nn.Module], int | None]
    keeps: bool
    unreset: Callable[[nn.Module], bool]
    repeats: Callable[[nn.Module], int | None]
