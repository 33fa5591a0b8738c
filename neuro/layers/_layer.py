"""The base class of layers with memory."""

from abc import abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor, nn
from torch.utils import _pytree as pytree

from axonal.neuro import _checks

S = TypeVar("S")


class Layer(nn.Module, Generic[S]):
    """A layer with memory: a pure function of its input and an explicit state.

    Called with a sequence x [T, B, ...] and a state (``None`` starts from rest) it returns the
    output [T, B, ...] and the state after the last step. No tensor of the dynamics lives on the
    module. Abstract; layers without memory are ordinary torch modules that return their output
    alone.

    Inside ``torch.autocast`` our own layers with memory compute in the type that they hold, state
    included.
    """

    spiking: ClassVar[bool] = False
    """Whether the output is spikes, 0 or 1 or graded; ``spike_report`` looks at those layers."""

    @abstractmethod
    def forward(self, x: Tensor, state: S | None = None) -> tuple[Tensor, S]:
        """Run ``x`` [T, B, ...] on from ``state``; return the output and the new state."""

    def _go_on(self, x: Tensor, state: S) -> tuple[Tensor, S]:
        """Run ``x`` [T, B, ...], an input like the last one, on from the state that it left.

        What a stream calls after its first step: layers leave out checks that held there, unless a
        subclass has a ``forward`` of its own.
        """
        y, after = self(x, state)
        return y, after

    def step(self, x: Tensor, state: S | None = None) -> tuple[Tensor, S]:
        """Run one step ``x`` [B, ...]; return the output [B, ...] and the new state."""
        _checks.one_step(self, x)
        y, state = self(x.unsqueeze(0), state)
        return y[0], state


def detach(state: Any) -> Any:
    """Cut the state from the graph that made it: truncated backpropagation through time.

    Args:
        state: a state as any layer or Network returns it.

    Returns:
        The same structure with every tensor detached.

    >>> import torch
    >>> from axonal.neuro import LIF
    >>> x = torch.ones(3, 1, 2, requires_grad=True)
    >>> _, state = LIF(2)(x)
    >>> state.v.requires_grad, detach(state).v.requires_grad
    (True, False)
    """
    return pytree.tree_map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, state)
