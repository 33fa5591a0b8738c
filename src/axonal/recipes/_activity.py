"""Event rates and backward sparsity of gated units, and the penalty on activity."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from axonal import neuro


class Activity:
    """Run a network and keep the traces of its `neuro.EGRU` layers until the next run.

    Args:
        run: what runs a batch.
        net: the network that it runs.
        strength: of the penalty in the loss; 0 for none.
        rate: events per unit and step that it pulls towards.
    """

    def __init__(
        self, run: Callable[..., Any], net: nn.Module, *, strength: float, rate: float
    ) -> None:
        self.run, self.net, self.strength, self.rate = run, net, strength, rate
        self._traces: list[neuro.EventTrace] = []

    def __call__(self, *x: Any) -> Any:
        """Run a batch."""
        with neuro.event_traces(self.net) as seen:
            y = self.run(*x)
        self._traces = [trace for traces in seen.values() for trace in traces]
        return y

    def penalty(self) -> Tensor:
        """Strength times the mean penalty of all layers in the last run."""
        each = [trace.penalty(self.rate) for trace in self._traces]
        return self.strength * torch.stack(each).mean()

    def measured(self) -> dict[str, Tensor]:
        """Event rate and backward sparsity in the last run, means over layers."""
        return {
            name: torch.stack([getattr(trace, name)() for trace in self._traces]).mean()
            for name in ("event_rate", "backward_sparsity")
        }


def activity(run: Callable[..., Any], net: nn.Module, settings: Any) -> Activity | None:
    """Watcher of the events of a network that has gated units."""
    if not any(isinstance(module, neuro.EGRU) for module in net.modules()):
        return None
    strength: float = getattr(settings, "activity", 0.0)
    return Activity(run, net, strength=strength, rate=getattr(settings, "activity_rate", 0.05))
