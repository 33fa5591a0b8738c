"""Synaptic intelligence."""

import torch
from torch import Tensor, nn

from axonal._base.checks import number
from axonal.hebbian.continual._anchored import Anchored
from axonal.hebbian.continual.method import Task


class SynapticIntelligence(Anchored):
    """Synaptic intelligence: what lowered the loss of a task is held.

    Each synapse adds up on its way w_p = -sum g_p dp, by how much it lowered the loss of the task.
    When the task has ended, Omega_p += max(0, w_p) / (D_p^2 + damping), D_p the whole way, and the
    penalty strength / 2 sum_p Omega_p (p - p*)^2 holds p near where the last task left it.

    Source: Zenke, Poole and Ganguli, ICML 2017 (arXiv 1703.04200), whose c is strength / 2.

    Args:
        network: whose parameters are held.
        strength: >= 0.
        damping: > 0.
        optimiser: as of :class:`EWC`.

    Raises:
        ValueError: for numbers out of range.

    >>> from axonal import neuro
    >>> SynapticIntelligence(neuro.Linear(2, 1, bias=False), 0.1).strength
    0.1
    """

    def __init__(
        self,
        network: nn.Module,
        strength: float,
        damping: float = 0.1,
        optimiser: torch.optim.Optimizer | None = None,
    ) -> None:
        super().__init__(network, strength, optimiser)
        self.damping = number("SynapticIntelligence", "damping", damping, 0, open_low=True)
        self._way: dict[str, Tensor] = {}
        self._start: dict[str, Tensor] = {}
        self._last: dict[str, tuple[Tensor, Tensor]] = {}

    def begin_task(self) -> None:
        """Begin at where the parameters are."""
        self._start = {name: p.detach().clone() for name, p in self.parameters.items()}
        self._way = {name: torch.zeros_like(p) for name, p in self._start.items()}

    def before_step(self) -> None:
        """Keep the gradients of the task, and add that of the penalty."""
        self._last = {
            name: (p.grad.clone(), p.detach().clone())
            for name, p in self.parameters.items()
            if p.grad is not None
        }
        super().before_step()

    @torch.no_grad()
    def after_step(self) -> None:
        """Add what the step did."""
        for name, (gradient, before) in self._last.items():
            self._way[name] -= gradient * (self.parameters[name] - before)
        super().after_step()

    @torch.no_grad()
    def end_task(self, task: Task | None = None) -> None:
        """Hold what lowered the loss of the task."""
        for name, p in self.parameters.items():
            moved = (p - self._start[name]).square() + self.damping
            self.importance[name] += self._way[name].clamp(min=0) / moved
            self.pull[name] = self.importance[name] * p
