"""What every layer with memory promises, and the base class for neurons of one's own."""

from abc import abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import torch
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

    def step(self, x: Tensor, state: S | None = None) -> tuple[Tensor, S]:
        """Run one step ``x`` [B, ...]; return the output [B, ...] and the new state."""
        _checks.one_step(self, x)
        y, state = self(x.unsqueeze(0), state)
        return y[0], state


class Cell(Layer[S]):
    """Base class for a neuron of one's own: write ``init`` and ``step``, get everything else.

    A cell written this way runs over sequences, streams, recurs inside ``Recurrent``, and shows up
    in ``record`` and ``spike_report``. Make its spikes with a surrogate, ``ATan()(v - threshold)``,
    so that gradients pass; set ``spiking = False`` on a cell whose output is not spikes. For states
    in files that are loaded with ``weights_only=True``, name the class of the state to torch:
    ``torch.serialization.add_safe_globals([Counter])``.

    >>> from typing import NamedTuple
    >>> class Counter(NamedTuple):
    ...     n: Tensor
    >>> class EveryThird(Cell[Counter]):
    ...     def init(self, x):
    ...         return Counter(torch.zeros_like(x))
    ...     def step(self, x, state=None):
    ...         n = (self.init(x) if state is None else state).n + x
    ...         return (n >= 3).to(x.dtype), Counter(n * (n < 3))
    >>> y, state = EveryThird()(torch.ones(4, 1, 1))
    >>> y.flatten()
    tensor([0., 0., 1., 0.])
    """

    spiking: ClassVar[bool] = True

    @abstractmethod
    def init(self, x: Tensor) -> S:
        """Return the state at rest, a NamedTuple of tensors, for inputs like ``x`` [B, ...]."""

    @abstractmethod
    def step(self, x: Tensor, state: S | None = None) -> tuple[Tensor, S]:
        """Advance one step: input ``x`` [B, ...] to output [B, ...] and the new state."""

    def forward(self, x: Tensor, state: S | None = None) -> tuple[Tensor, S]:
        """Run ``step`` over the sequence ``x`` [T, B, ...]."""
        if not isinstance(x, Tensor) or x.ndim < 2 or x.shape[0] == 0:
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise _checks.InputError(
                f"{_checks.name_of(self)} expects x [T, B, ...] with T >= 1, got {got}.", self
            )
        if torch.is_autocast_enabled(x.device.type):
            x = _checks.own_type(x, _checks.held_type(self))
        _checks.floating(self, x, None)
        fresh = self.init(x[0])
        if state is None:
            state = fresh
        else:
            _checks.state(self, state, fresh, x)
        outputs = []
        for x_t in x.unbind(0):
            y, state = self.step(x_t, state)
            outputs.append(y)
        _checks.finite(self, outputs[-1], "the output")
        for leaf in pytree.tree_leaves(state):
            if isinstance(leaf, Tensor) and leaf.is_floating_point():
                # infinity may be meant (steps since the last spike), NaN never is
                _checks.finite(self, leaf.masked_fill(leaf.isinf(), 0), "the state")
        return torch.stack(outputs), state


def detach(state: Any) -> Any:
    """Cut the state from the graph that made it: truncated backpropagation through time.

    Args:
        state: a state as any layer or Network returns it.

    Returns:
        The same structure with every tensor detached.

    >>> from axonal.neuro import LIF
    >>> x = torch.ones(3, 1, 2, requires_grad=True)
    >>> _, state = LIF(2)(x)
    >>> state.v.requires_grad, detach(state).v.requires_grad
    (True, False)
    """
    return pytree.tree_map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, state)
