"""Elastic weight consolidation."""

import torch
import torch.nn.functional as F
from torch import nn

from axonal._base.checks import whole_number
from axonal.hebbian.continual._anchored import Anchored
from axonal.hebbian.continual.method import Task


class EWC(Anchored):
    """Elastic weight consolidation: what mattered to a task is held by its Fisher information.

    The penalty strength / 2 sum_k sum_p F_kp (p - p_k)^2 holds every parameter near where task k
    left it. F_kp = E[(d log P(y | x) / dp)^2], with x of the task and y drawn from the network's
    own probabilities.

    Source: Kirkpatrick et al., PNAS 114, 2017 (arXiv 1612.00796).

    Args:
        network: whose parameters are held.
        strength: lambda, >= 0.
        samples: of a task by which F is estimated, one gradient each.
        optimiser: after each of whose steps, of rate eta, the penalty takes an implicit one,
            p <- (p + eta strength F p*) / (1 + eta strength F), stable at any strength. Without it
            the penalty is part of the gradients: plain steps diverge from eta strength F = 2 on.

    Raises:
        ValueError: for numbers out of range.

    >>> from axonal import neuro
    >>> EWC(neuro.Linear(2, 1, bias=False), 10.0).importance
    {'weight': tensor([[0., 0.]])}
    """

    def __init__(
        self,
        network: nn.Module,
        strength: float,
        samples: int = 500,
        optimiser: torch.optim.Optimizer | None = None,
    ) -> None:
        super().__init__(network, strength, optimiser)
        self.samples = whole_number("EWC", "samples", samples)

    def end_task(self, task: Task | None = None) -> None:
        """Estimate what mattered to the task."""
        if task is None:
            raise ValueError("EWC looks at a task that has ended: call end_task(task).")
        used = [(name, p) for name, p in self.parameters.items() if p.requires_grad]
        fisher = {name: torch.zeros_like(p) for name, p in used}
        seen = 0
        for batch in task.batches(self.samples, size=1):
            logits = task.score(batch.x)
            if batch.allowed is not None:
                logits = logits.masked_fill(~batch.allowed, -torch.inf)
            drawn = torch.distributions.Categorical(logits=logits.detach()).sample()
            loss = F.cross_entropy(logits, drawn)
            gradients = torch.autograd.grad(loss, [p for _, p in used], allow_unused=True)
            for (name, _), gradient in zip(used, gradients, strict=True):
                if gradient is not None:
                    fisher[name] += gradient.square()
            seen += 1
        for name, p in used:
            mean = fisher[name] / seen
            self.importance[name] += mean
            self.pull[name] += mean * p.detach()
