"""Gradient projection memory: the same projection with subspaces by principal components."""

from collections.abc import Collection
from typing import Any

import torch
from torch import nn

from axonal._base.checks import whole_number
from axonal.hebbian.continual._choices import Ranks
from axonal.hebbian.continual._watch import Activity
from axonal.hebbian.continual.method import Task
from axonal.hebbian.continual.protected import Protected
from axonal.hebbian.continual.subspaces import Subspaces, beside


class GPM(Protected):
    """Gradient projection memory with fixed ranks.

    When a task has ended, its activity is looked at once more: the new rows of a layer are the
    largest principal components of what earlier rows leave of it. Projection is that of
    :class:`HLOP`, which finds about the same rows while the task is learnt, by local rules.

    Source: Saha, Garg and Roy, ICLR 2021 (arXiv 2103.09762), whose ranks follow from thresholds of
    energy; here they are given, for HLOP to have the same.

    Args:
        network: as of HLOP.
        ranks: as of HLOP.
        samples: of a task that are looked at when it has ended.
        layers: as of HLOP.
        mode: as of HLOP.
        activity: as of HLOP.
        delays: as of HLOP.
        freeze_others: as of HLOP.

    Raises:
        TypeError: as HLOP.
        ValueError: as HLOP.

    >>> import torch
    >>> from axonal import neuro
    >>> from axonal.hebbian.continual import Batch, Task
    >>> net = neuro.Sequential(neuro.Linear(3, 2, bias=False), neuro.LIF(2))
    >>> gpm, x = GPM(net, ranks=1), torch.eye(3)[:1]
    >>> gpm.begin_task()
    >>> gpm.end_task(Task(Batch(x, torch.zeros(1).long()), lambda x: net(x[None])[0][0]))
    >>> gpm.layers["0"].frozen.abs()
    tensor([[1., 0., 0.]])
    """

    def __init__(
        self,
        network: nn.Module,
        ranks: Ranks,
        *,
        samples: int = 1000,
        layers: Collection[str] | None = None,
        mode: str = "weight",
        activity: Activity | None = None,
        delays: str = "protected",
        freeze_others: bool = True,
    ) -> None:
        super().__init__(
            network, ranks, layers=layers, mode=mode, activity=activity, delays=delays,
            freeze_others=freeze_others,
        )  # fmt: skip
        self.samples = whole_number("GPM", "samples", samples)

    def _new_rows(self, held: Subspaces, rows: int) -> None:
        held.add(held.weight.new_zeros(rows, held.features))

    def learn(self) -> None:
        """Learn nothing on the way."""
        self._drop()

    @torch.no_grad()
    def _find(self, task: Task | None) -> None:
        if task is None:
            raise ValueError("GPM looks at a task that has ended: call end_task(task).")
        found: dict[str, Any] = self.covariances(task, self.samples)
        for path, held in self.layers.items():
            left = beside(found[path], held.frozen)
            rows = torch.linalg.eigh(left).eigenvectors.T.flip(0)[: len(held.free)]
            held.free.copy_(rows)
            self._active[path] = bool(found[path].any())
