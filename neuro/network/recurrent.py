"""A loop around any body."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import IF, LIF, PLIF, Layer, LIFState, Linear
from axonal.neuro.layers._neuron import shape_of
from axonal.neuro.layers._shown import changed
from axonal.neuro.network.network import Network
from axonal.neuro.ops.recurrent_lif import recurrent_lif


class RecurrentState(NamedTuple):
    """State of :class:`Recurrent`.

    Attributes:
        recent: the last ``delay`` outputs of the body [delay, B, ...].
        body: the state of the body.
        feedback: the state of the feedback.
    """

    recent: Tensor
    body: Any
    feedback: Any


class Recurrent(Layer[RecurrentState]):
    """Close a loop over any body, y_t = body(x_t + feedback(y_{t - delay})).

    A :class:`LIF` whose feedback is a :class:`Linear` with a delay of 1 runs as one operator,
    :func:`axonal.neuro.ops.recurrent_lif.recurrent_lif`, unless a hook looks inside; sums may then
    be rounded in another order. Everything else runs step by step.

    Args:
        body: a layer, a Network, or any module that can become one; its input has the shape of x.
        feedback: connections from the body's output to its input, with or without memory.
        delay: steps around the loop, >= 1; a :class:`DelayedLinear` as feedback adds its own.
        size: shape of the body's output; needed only if ``feedback`` does not name ``in_features``.

    Returns:
        Called with x [T, B, ...] and a state: the body's output and a :class:`RecurrentState`.

    Raises:
        ValueError: for a delay below 1, and where the feedback does not fit the body.

    >>> from axonal import neuro
    >>> loop = Recurrent(neuro.LIF(4), neuro.Linear(4, 4, bias=False))
    >>> spikes, state = loop(torch.rand(5, 2, 4))
    >>> spikes.shape, state.recent.shape
    (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        body: nn.Module,
        feedback: nn.Module,
        delay: int = 1,
        *,
        size: int | Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        steps = _checks.whole(delay)
        if steps is None or steps < 1:
            raise ValueError(
                f"Recurrent expects delay >= 1 whole step (a loop of no delay has no first value), "
                f"got {delay!r}."
            )
        self.body = body if isinstance(body, Layer) else Network(_Call(body))
        self.feedback = feedback if isinstance(feedback, Layer) else Network(_Call(feedback))
        self.delay = steps
        size = _features(feedback) if size is None else size
        if size is None:
            raise ValueError(
                "Recurrent cannot tell the shape of the body's output from this feedback: name it, "
                "Recurrent(body, feedback, size=(C, H, W))."
            )
        self.size = shape_of(self, size)

    def init(self, x: Tensor) -> RecurrentState:
        """Return the state at rest for inputs like ``x`` [B, ...]."""
        return RecurrentState(x.new_zeros(self.delay, x.shape[0], *self.size), None, None)

    def forward(
        self, x: Tensor, state: RecurrentState | None = None
    ) -> tuple[Tensor, RecurrentState]:
        """Run the loop over ``x`` [T, B, ...]."""
        x = _checks.any_sequence(self, x)
        # a loop runs in its own type, whichever of its two ways it goes
        with _checks.in_own_type(x):
            return self._run(x, state)

    def _run(self, x: Tensor, state: RecurrentState | None) -> tuple[Tensor, RecurrentState]:
        fresh = self.init(x[0])
        if state is None:
            state = fresh
        elif not isinstance(state, RecurrentState) or state.recent.shape != fresh.recent.shape:
            _checks.state(self, getattr(state, "recent", state), fresh.recent, x)
        recent, body, feedback = state
        connections = self._connections(x)
        if connections is not None and not feedback:
            return self._at_once(x, recent, body, connections)
        outputs = []
        # within `delay` steps no output can reach the input again: that many are run at once
        for block in x.split(self.delay):
            back, feedback = self.feedback(recent[: len(block)], feedback)
            if back.shape != block.shape:
                raise _checks.InputError(
                    f"Recurrent: the feedback gives {tuple(back.shape[2:])} values per sample, the "
                    f"body's input has {tuple(block.shape[2:])}.",
                    self,
                )
            y, body = self.body(block + back, body)
            if y.shape[2:] != recent.shape[2:]:
                raise _checks.InputError(
                    f"Recurrent: the body returns {tuple(y.shape[2:])} values per sample, the "
                    f"feedback takes {self.size}.",
                    self,
                )
            recent = torch.cat((recent, y))[-self.delay :]
            outputs.append(y)
        return torch.cat(outputs), RecurrentState(recent, body, feedback)

    def extra_repr(self) -> str:
        """Return what ``print(layer)`` shows."""
        size = [] if self.size == (_features(self.feedback),) else [f"size={self.size}"]
        return ", ".join((*changed(self, {"delay": self.delay}), *size))

    def _connections(self, x: Tensor) -> Linear | None:
        """Return the feedback if the loop is one of plain LIF neurons without hooks."""
        lif, net = self.body, self.feedback
        # IF and PLIF only choose the parameters of a LIF
        if type(lif) not in (LIF, IF, PLIF) or not isinstance(net, Network) or self.delay != 1:
            return None
        # what the constructor wraps, not a Network of the user's that has other parts as well
        linear = net.inner if net.source_name == _Call.__name__ else None
        if type(linear) is not Linear or any(map(_watched, (lif, net, linear))):
            return None
        # an input that does not fit is refused step by step, with the reason of each part
        fits = x.shape[2:] == lif.size == self.size and linear.weight.shape == 2 * lif.size
        return linear if fits and x.dtype == lif.decay.dtype == linear.weight.dtype else None

    def _at_once(
        self, x: Tensor, recent: Tensor, state: LIFState | None, connections: Linear
    ) -> tuple[Tensor, RecurrentState]:
        lif: Any = self.body
        rest = lif.init(x[0])
        start: LIFState = rest if state is None else _checks.start(lif, state, rest, x)
        spikes, v, wait = recurrent_lif(
            x, recent[0], start.v, start.wait, connections.masked_weight, connections.bias,
            lif.decay, lif.threshold, lif.convention,
            recompute=lif.recompute, backend=lif.backend,
        )  # fmt: skip
        _checks.finite(lif, v, "the potential")
        # a copy, so that the state neither keeps nor shares the memory of all steps
        return spikes, RecurrentState(spikes[-1:].clone(), LIFState(v, wait), {})


def _features(feedback: nn.Module) -> int | None:
    """Return how many inputs the feedback takes, if one of its modules says so."""
    named = (_checks.whole(getattr(m, "in_features", None)) for m in feedback.modules())
    return next((n for n in named if n is not None), None)


def _watched(module: nn.Module) -> bool:
    """Return whether calling a module does more than its forward."""
    hooks = (
        module._forward_hooks, module._forward_pre_hooks,
        module._backward_hooks, module._backward_pre_hooks,
    )  # fmt: skip
    return any(map(len, hooks)) or "forward" in vars(module)


class _Call(nn.Module):
    """Calls one module, so that a bare one can be traced; keeps it under the name ``inner``."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.inner(x)
        return y
