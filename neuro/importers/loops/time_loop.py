"""The part of an imported loop over time that is no layer: how its input enters, and its result."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn


@dataclass(frozen=True)
class TimeLoop:
    """The time around an imported network: the sequence that it is given, and the decision.

    A module that loops over time is imported as a Network of what it does in one step; this is
    ``net.time_loop``, with which

        net.time_loop.decide(net(net.time_loop.sequence(x))[0])

    is what the module returns for x.

    Attributes:
        steps: T of the loop; ``None`` if it is that of the input.
        form: of the module's input: ``"static"`` [B, ...], the same at every step; ``"sequence"``
            [T, B, ...]; or ``"batch first"`` [B, T, ...].
        rule: rule of :func:`axonal.deploy.export` under which an output decides as the module
            does, "max", "mean" or "last"; ``None`` for another or none.
        left_out: what the module returns and this network does not: potentials of neurons that
            fire, by their path.
        decision: what the module makes of all steps together.

    >>> import torch
    >>> loop = TimeLoop(3, "static", None, (), nn.Identity())
    >>> loop.sequence(torch.zeros(2, 4)).shape
    torch.Size([3, 2, 4])
    """

    steps: int | None
    form: str
    rule: str | None
    left_out: tuple[str, ...]
    decision: nn.Module

    def sequence(self, x: Tensor) -> Tensor:
        """Return the sequence [T, B, ...] in which the module's input x enters step by step."""
        if self.form == "static":
            return x.expand(self.steps or 1, *x.shape)
        x = x.transpose(0, 1) if self.form == "batch first" else x
        return x if self.steps is None else x[: self.steps]

    def decide(self, y: Any) -> Any:
        """Return what the module makes of the network's output y [T, B, ...]."""
        return self.decision(*y) if isinstance(y, tuple) else self.decision(y)
