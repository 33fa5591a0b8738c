"""The base class for neurons of one's own."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer, S


class Cell(Layer[S]):
    """Base class for a neuron of one's own: write ``init`` and ``step``, get everything else.

    A cell written this way runs over sequences, streams, recurs inside ``Recurrent``, and shows up
    in ``record`` and ``spike_report``. Make its spikes with a surrogate, ``ATan()(v - threshold)``,
    so that gradients pass; set ``spiking = False`` on a cell whose output is not spikes. For states
    in files that are loaded with ``weights_only=True``, name the class of the state to torch:
    ``torch.serialization.add_safe_globals([Counter])``.

    >>> import torch
    >>> from torch import Tensor
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
        x = _checks.any_sequence(self, x)
        _checks.floating(self, x, None)
        _checks.unrolled(self, x)
        rest = self.init(x[0])
        state = rest if state is None else _checks.start(self, state, rest, x)
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
