"""Hooks that a layer's presynaptic activity passes on its way in."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian.continual.presynaptic import Presynaptic
from axonal.hebbian.continual.subspaces import Subspaces

Activity = str | Callable[[Tensor], Tensor]
ACTIVITIES = ("rate", "steps", "sampled")


class Watch:
    """A hook that gathers rows of the activity of one layer while it trains.

    Args:
        side: the layer from its presynaptic side.
        activity: "rate", "steps", "sampled", or a function of x [T, B, ...] that gives rates
            [B, ...].
        subspaces: in which it projects.

    Attributes:
        rows: gathered since they were taken last.
        tell: called with rows in place of gathering them, where it is set.
        projects: whether the weights learn from projected inputs.
    """

    def __init__(self, side: Presynaptic[Any], activity: Activity, subspaces: Subspaces) -> None:
        self.side, self.activity, self.subspaces = side, activity, subspaces
        self.rows: list[Tensor] = []
        self.tell: Callable[[Tensor], None] | None = None
        self.projects = False
        self._left: tuple[Tensor, bool] | None = None

    def before(self, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        """Look at the inputs of a layer that is about to run."""
        self._left = None
        self.see(inputs)
        if self.projects and torch.is_grad_enabled():
            x = inputs[0].detach()
            # a current that stays is one row per sample
            same = len(x) > 1 and x.stride(0) == 0
            rows = self.side.rows(x[0]) if same else self.side.steps(x, inputs)
            self._left = self.subspaces.project(rows), same
            # its gradient comes by another way
            self.side.parameters[0].requires_grad_(False)

    def after(self, layer: nn.Module, inputs: Any, output: Any) -> Any:
        """Let the weights learn from projected inputs."""
        if self._left is None:
            return None
        weight = self.side.parameters[0].requires_grad_(True)
        if output is None:  # the layer refused its input
            return None
        rows, same = self._left
        self._left = None
        return _Projected.apply(output, weight, self.side, rows, same)  # type: ignore[no-untyped-call]

    def events(self, layer: Any, inputs: tuple[Any, ...]) -> None:
        """Look at the spikes that an event-driven layer is about to run on."""
        if layer.engine == "surrogate":
            return  # the connections are called, and seen there
        x = inputs[0]
        self.see((x.to_dense() if isinstance(x, neuro.Events) else x,))

    def see(self, inputs: tuple[Any, ...]) -> None:
        """Gather rows of x [T, B, ...], the first of the inputs."""
        learns = self.side.layer.training
        x = inputs[0]
        if not isinstance(x, Tensor) or not (learns or self.tell):
            return
        with torch.no_grad():
            rows = self._rows(x.detach(), inputs)
        if self.tell:
            self.tell(rows)
        else:
            self.rows.append(rows)

    def _rows(self, x: Tensor, inputs: tuple[Any, ...]) -> Tensor:
        if callable(self.activity):
            return self.side.rows(self.activity(x))
        if self.activity == "rate":
            same = len(x) > 1 and x.stride(0) == 0
            return self.side.rows(x[0] if same else x.mean(0))
        rows: Tensor = getattr(self.side, self.activity)(x, inputs)
        return rows

    def take(self) -> Tensor | None:
        """Take the rows gathered, if there are any."""
        rows = torch.cat(self.rows) if self.rows else None
        self.rows = []
        return rows


class _Projected(torch.autograd.Function):
    """Hand an output on, whose gradient reaches the weights through other rows."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, weight: Tensor, side: Any, rows: Tensor, same: bool) -> Tensor:
        ctx.side, ctx.same = side, same
        ctx.save_for_backward(rows)
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        (rows,) = ctx.saved_tensors
        outputs = g.sum(0) if ctx.same else g.flatten(0, 1)
        return g, ctx.side.weight_gradient(outputs, rows), None, None, None
