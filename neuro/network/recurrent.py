"""A loop around any body."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import (
    ALIF,
    IF,
    KLIF,
    LIF,
    PLIF,
    CuBaLIF,
    DelayedLinear,
    DelayedLinearState,
    Layer,
    LIFState,
    Linear,
)
from axonal.neuro.layers._neuron import shape_of
from axonal.neuro.layers._shown import changed
from axonal.neuro.network.network import Network
from axonal.neuro.ops._dispatch import COMPILED, HAS_NUMBA, WRITTEN_OUT
from axonal.neuro.ops.neuron_loop import Feedback
from axonal.neuro.ops.recurrent_lif import recurrent_lif

PLAIN_LIF = (LIF, IF, PLIF)
"""Classes that only choose the parameters of a LIF."""

LOOPS = (*PLAIN_LIF, ALIF, CuBaLIF, KLIF)


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

    A :class:`LIF`, :class:`IF`, :class:`PLIF`, :class:`KLIF`, :class:`ALIF` or :class:`CuBaLIF`
    whose feedback is a :class:`Linear` or, on the CPU, a :class:`DelayedLinear`, with a delay of 1,
    runs as one operator (:func:`axonal.neuro.ops.recurrent_lif.recurrent_lif` or
    :func:`axonal.neuro.ops.neuron_loop.neuron_loop`), unless a hook looks inside; sums may then be
    rounded in another order. Everything else runs step by step.

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
        foreign = feedback and not isinstance(connections, DelayedLinear)
        if connections is not None and not foreign:
            return self._at_once(x, state, connections)
        _checks.unrolled(self, x)
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

    def _connections(self, x: Tensor) -> Linear | DelayedLinear | None:
        """Return the feedback if the loop is one that operators know, without hooks."""
        neurons: Any = self.body
        net = self.feedback
        if type(neurons) not in LOOPS or not isinstance(net, Layer) or self.delay != 1:
            return None
        # what the constructor wraps, not a Network of the user's that has other parts as well
        wrapped = isinstance(net, Network) and net.source_name == _Call.__name__
        connections: Any = net.inner if wrapped else net
        if any(map(_watched, (neurons, net, connections))):
            return None
        if type(connections) is DelayedLinear:
            # elsewhere a step of the delayed connections themselves is faster than the definition
            fast = x.is_cpu and HAS_NUMBA and x.dtype in COMPILED
            fast = fast and isinstance(neurons.convention.surrogate, str)
            given = connections.frozen and connections.position.requires_grad
            if not fast or given or connections.backend not in ("auto", "cpu"):
                return None
        elif type(connections) is not Linear:
            return None
        # an input that does not fit is refused step by step, with the reason of each part
        fits = x.shape[2:] == neurons.size == self.size
        fits = fits and connections.weight.shape == 2 * neurons.size
        fits = fits and x.dtype == neurons.decay.dtype == connections.weight.dtype
        return connections if fits else None

    def _at_once(
        self, x: Tensor, state: RecurrentState, connections: Linear | DelayedLinear
    ) -> tuple[Tensor, RecurrentState]:
        neurons: Any = self.body
        rest, decay = neurons.init(x[0]), neurons.decay
        start = rest if state.body is None else _checks.start(neurons, state.body, rest, x)
        if isinstance(connections, DelayedLinear):
            delayed = connections.init(state.recent[0])
            if state.feedback is not None:
                delayed = _checks.start(connections, state.feedback, delayed, x)
            feedback = connections.as_feedback(delayed, state.recent)
            spikes, body = neurons.in_loop(x, start, decay, feedback)
            history = torch.cat((feedback.past, spikes[:-1]))[len(spikes) :]
            after: Any = DelayedLinearState(history.clone())
        elif type(neurons) in PLAIN_LIF and neurons.reset not in WRITTEN_OUT:
            spikes, v, wait = recurrent_lif(
                x, state.recent[0], start.v, start.wait, connections.masked_weight,
                connections.bias, decay, neurons.threshold, neurons.convention,
                recompute=neurons.recompute, backend=neurons.backend,
            )  # fmt: skip
            body, after = LIFState(v, wait), {}
        else:
            spikes, body = neurons.in_loop(x, start, decay, _plain(state.recent, connections))
            after = {}
        _checks.finite(neurons, body.v, "the potential")
        # a copy, so that the state neither keeps nor shares the memory of all steps
        return spikes, RecurrentState(spikes[-1:].clone(), body, after)


def _plain(recent: Tensor, connections: Linear) -> Feedback:
    """Return connections without delays as operators take them."""
    weight, bias = connections.masked_weight, connections.bias
    bias = weight.new_zeros(len(weight)) if bias is None else bias
    nothing = weight.new_empty(0, 0)
    return Feedback(recent, weight, bias, nothing, weight.new_ones(()), "", 0)


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
