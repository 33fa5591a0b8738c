"""Replay of samples of earlier tasks."""

from typing import Any

import torch
from torch import Tensor

from axonal._base.checks import whole_number
from axonal.hebbian.continual.method import Batch, Method, Task


class Replay(Method):
    """Samples of earlier tasks, kept and learnt along: as many per update as there are new ones.

    Args:
        samples: kept of each task, drawn evenly.

    Raises:
        ValueError: for no samples.

    >>> import torch
    >>> replay = Replay(1)
    >>> replay.end_task(Task(Batch(torch.tensor([[3.0]]), torch.tensor([1])), lambda x: x))
    >>> replay.mix(Batch(torch.tensor([[5.0]]), torch.tensor([0]))).x
    tensor([[5.],
            [3.]])
    """

    def __init__(self, samples: int) -> None:
        self.samples = whole_number("Replay", "samples", samples)
        self._kept: list[Batch] = []

    def mix(self, batch: Batch) -> Batch:
        """Add samples of earlier tasks, drawn at random."""
        if not self._kept:
            return batch
        kept = _joined(self._kept)
        drawn = torch.randint(len(kept.y), (len(batch.y),), device=kept.y.device)
        chosen = (None if part is None else part[drawn] for part in kept)
        return _joined([batch, Batch(*chosen)])  # type: ignore[arg-type]

    def end_task(self, task: Task | None = None) -> None:
        """Keep samples of the task."""
        if task is None:
            raise ValueError("Replay keeps samples of a task that has ended: call end_task(task).")
        drawn = torch.randperm(len(task.samples.y))[: self.samples]
        kept = (None if part is None else part[drawn] for part in task.samples)
        self._kept = [_joined([*self._kept, Batch(*kept)])]  # type: ignore[arg-type]

    def state_dict(self) -> dict[str, Any]:
        """The samples kept."""
        if not self._kept:
            return {}
        return {k: v for k, v in self._kept[0]._asdict().items() if v is not None}

    def load_state_dict(self, state_dict: Any) -> Any:
        """Take what `state_dict` gave."""
        parts = {name: torch.as_tensor(part) for name, part in state_dict.items()}
        self._kept = [Batch(**parts)] if parts else []


def _joined(batches: list[Batch]) -> Batch:
    x, y, allowed = zip(*batches, strict=True)
    masks = [mask for mask in allowed if isinstance(mask, Tensor)]
    return Batch(torch.cat(x), torch.cat(y), torch.cat(masks) if masks else None)
