"""The reach of gradients over time in untrained networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F

from axonal._base.sweeps import Row
from axonal.recipes import egru_smnist
from axonal.recipes._runs import Job

SAMPLES = 16
BACK = (10, 50, 100, 150)
"""Steps before the last one."""


@dataclass(frozen=True)
class Reach(Job):
    """Gradients of the loss at the last step by inputs some steps before, at the start.

    Args:
        changes: settings of ``egru-smnist``.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> list[Any]:
        """All settings that the untrained network and its input depend on."""
        return ["egru-reach", egru_smnist.Settings(**self.changes).identity(), SAMPLES, list(BACK)]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The recipe, and its settings that are not the default."""
        return "egru-smnist, untrained", self.changes

    def measure(self) -> Row:
        """The norm of the gradient so many steps back, over that of the last step."""
        settings = egru_smnist.Settings(**self.changes)
        data, net = egru_smnist.data(settings)["train"], egru_smnist.build(settings)
        x = torch.from_numpy(data.dense(range(SAMPLES))).requires_grad_()
        loss = F.cross_entropy(net(x)[0][-1], torch.from_numpy(data.labels[:SAMPLES]))
        (grad,) = torch.autograd.grad(loss, x)
        norms = grad.flatten(1).norm(dim=1)
        return {"reach": {str(back): float(norms[-1 - back] / norms[-1]) for back in BACK}}
