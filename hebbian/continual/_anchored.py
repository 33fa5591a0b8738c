"""Parameters that are held near where earlier tasks left them."""

from typing import Any

import torch
from torch import Tensor, nn

from axonal._base.checks import number
from axonal.hebbian.continual.method import Method


class Anchored(Method):
    """A quadratic penalty, strength / 2 sum_p I_p (p - p*)^2. Abstract.

    Args:
        network: whose parameters are held.
        strength: >= 0.
        optimiser: after each of whose steps, of rate eta, the penalty takes an implicit one,
            p <- (p + eta strength I p*) / (1 + eta strength I), stable at any strength. Without it
            the penalty is part of the gradients: plain steps diverge from eta strength I = 2 on.

    Attributes:
        importance: I of every parameter by name, summed over tasks.
        pull: sum over tasks of I p*.
    """

    def __init__(
        self, network: nn.Module, strength: float, optimiser: torch.optim.Optimizer | None = None
    ) -> None:
        self.network, self.optimiser = network, optimiser
        self.strength = number(type(self).__name__, "strength", strength, 0)
        named = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
        self.parameters = dict(named)
        self.importance = {name: torch.zeros_like(p) for name, p in named}
        self.pull = {name: torch.zeros_like(p) for name, p in named}

    @torch.no_grad()
    def before_step(self) -> None:
        """Add the gradient of the penalty, where it takes no step of its own."""
        if self.optimiser is not None:
            return
        for name, p in self.parameters.items():
            if p.grad is not None:
                pulled = self.importance[name] * p - self.pull[name]
                p.grad.add_(pulled, alpha=self.strength)

    @torch.no_grad()
    def after_step(self) -> None:
        """Take the implicit step of the penalty."""
        groups = [] if self.optimiser is None else self.optimiser.param_groups
        rates = {id(p): float(group["lr"]) for group in groups for p in group["params"]}
        for name, p in self.parameters.items():
            if id(p) in rates and p.requires_grad:
                size = rates[id(p)] * self.strength
                p.add_(self.pull[name], alpha=size).div_(1 + size * self.importance[name])

    def state_dict(self) -> dict[str, Any]:
        """Importances and anchors, as tensors by name."""
        return {
            f"{kind}.{name}": value
            for kind in ("importance", "pull")
            for name, value in getattr(self, kind).items()
        }

    def load_state_dict(self, state_dict: Any) -> Any:
        """Take what `state_dict` gave."""
        for kind in ("importance", "pull"):
            held: dict[str, Tensor] = getattr(self, kind)
            for name, value in held.items():
                value.copy_(torch.as_tensor(state_dict[f"{kind}.{name}"]))
