"""A network that runs step by step, for robots and notebooks."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from axonal.neuro.layers import Layer
from axonal.neuro.network.decision import Decision
from axonal.neuro.network.network import only_step
from axonal.neuro.network.running_readout import RunningReadout
from axonal.neuro.ops._dispatch import unobserved, unwarned


class Streamer:
    """Feed a network one step at a time; the one object here that owns a state.

    Memory and time per step do not grow with the number of steps.

    Args:
        net: a Network or any layer with memory, in evaluation mode.
        readout: rule of :class:`RunningReadout` by which `decide` scores classes, where it is to
            decide.
        window: number of last steps that the rule reads; all by default.

    Attributes:
        state: the state after the last step; ``None`` at rest.
        steps: number of steps since rest.

    Raises:
        ValueError: if the network is in training mode, where dropout and unrounded delays would
            make the stream differ from the deployed network; for an unknown rule, or a window
            without one.

    >>> from axonal import neuro
    >>> stream = Streamer(neuro.LIF(1, tau=2.0, decay="euler").eval())
    >>> [stream(torch.tensor([[0.7]])).item() for _ in range(3)]
    [0.0, 1.0, 0.0]

    A stream that decides among two classes, here the values of the input themselves:

    >>> stream = Streamer(neuro.Sequential(neuro.Linear(2, 2)).eval(), readout="mean_over_time")
    >>> with torch.no_grad():
    ...     _ = stream.net[0].weight.copy_(torch.eye(2)), stream.net[0].bias.zero_()
    >>> steps = torch.tensor([[[1.0, 0.0]], [[0.0, 3.0]]])
    >>> [(d.step, d.labels.item()) for d in stream.decisions(steps)]
    [(0, 0), (1, 1)]
    """

    def __init__(
        self, net: Layer[Any], *, readout: str | None = None, window: int | None = None
    ) -> None:
        if not isinstance(net, Layer):
            raise TypeError(
                f"Streamer expects a Network or a layer with memory, got {type(net).__name__}. "
                "Wrap a module in neuro.Network first."
            )
        if net.training:
            raise ValueError(
                "Streamer expects a network in evaluation mode: call net.eval() first."
            )
        if readout is None and window is not None:
            raise ValueError(
                "Streamer expects a readout for its window: write readout='mean_over_time', say."
            )
        self.net: Any = net
        self.readout = None if readout is None else RunningReadout(readout, window=window)
        self.state: Any = None
        self.steps = 0
        self._left: Any = None
        self._like: Any = None

    def __call__(self, *inputs: Any) -> Any:
        """Run one step of every input [B, ...] and return the output [B, ...]."""
        learns = torch.is_grad_enabled()
        # the context manager takes longer than a small layer, and so does what it is made of
        torch._C._set_grad_enabled(False)
        try:
            with unwarned():
                return self._step(*inputs)
        finally:
            torch._C._set_grad_enabled(learns)

    def _step(self, *inputs: Any) -> Any:
        if self._goes_on(inputs):
            y, self.state = self.net._go_on(*[x.unsqueeze(0) for x in inputs], self.state)
            y = only_step(y)
        else:
            y, self.state = self.net.step(*inputs, state=self.state)
            self._like = [(x.shape, x.dtype, x.device) for x in inputs]
        self._left = self.state
        self.steps += 1
        return y

    def _goes_on(self, inputs: Any) -> bool:
        """Return whether the step before had inputs alike and left the present state."""
        if self.state is None or self.state is not self._left or len(inputs) != len(self._like):
            return False
        for x, like in zip(inputs, self._like, strict=True):
            if not isinstance(x, Tensor) or (x.shape, x.dtype, x.device) != like or x.is_neg():
                return False
        return unobserved(*inputs)

    @torch.no_grad()
    def run(self, *inputs: Any) -> Any:
        """Run a chunk of every input [T, B, ...] and return the output [T, B, ...].

        Its steps take no part in decisions.
        """
        y, self.state = self.net(*inputs, state=self.state)
        self.steps += len(inputs[0])
        return y

    def decide(self, *inputs: Any) -> Decision:
        """Run one step of every input [B, ...] and score the classes of the steps so far.

        Raises:
            ValueError: there is no readout rule, or the network does not give one score per class.
        """
        if self.readout is None:
            raise ValueError(
                "this Streamer has no readout rule: write Streamer(net, readout='mean_over_time')."
            )
        started, step = time.perf_counter(), self.steps
        y = self(*inputs)
        if not isinstance(y, torch.Tensor) or y.ndim != 2:
            shown = tuple(y.shape) if isinstance(y, torch.Tensor) else type(y).__name__
            raise ValueError(f"a decision needs one output [B, C] per step, got {shown}.")
        scores = self.readout.update(y)
        labels = scores.argmax(-1)
        return Decision(step, labels, scores, time.perf_counter() - started)

    def decisions(self, steps: Iterable[Any]) -> Iterator[Decision]:
        """Decide after every step [B, ...] of a network with one input, as they come."""
        for x in steps:
            yield self.decide(x)

    def reset(self) -> None:
        """Go back to rest."""
        self.state, self.steps = None, 0
        if self.readout is not None:
            self.readout.reset()
