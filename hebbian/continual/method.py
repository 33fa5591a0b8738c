"""The moments at which a method of continual learning may act."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Samples of one update.

    Attributes:
        x: inputs [B, ...], as the stream holds them.
        y: classes [B] of int64.
        allowed: classes that a sample may be told as [B, C] of bool; None for all.
    """

    x: Tensor
    y: Tensor
    allowed: Tensor | None = None


class Task(NamedTuple):
    """A task that was learnt, for methods that look back at it.

    Attributes:
        samples: all of its training samples.
        score: logits [B, C] of inputs [B, ...], as training computes them.
    """

    samples: Batch
    score: Callable[[Tensor], Tensor]

    def batches(self, most: int, size: int = 256) -> Iterator[Batch]:
        """The first ``most`` samples, in batches of ``size``."""
        x, y, allowed = self.samples
        for start in range(0, min(most, len(y)), size):
            part = slice(start, min(start + size, most))
            yield Batch(x[part], y[part], None if allowed is None else allowed[part])


class Method:
    """A method of continual learning; this one does nothing, and tasks overwrite one another.

    A further method is a subclass. For every task, :class:`ContinualLearner` calls

        begin_task()
            batch = mix(batch); the loss and its gradients; before_step(); the optimiser's step;
            after_step()
        end_task(task)

    >>> import torch
    >>> Method().mix(Batch(torch.zeros(2, 3), torch.zeros(2).long())).y
    tensor([0, 0])
    """

    def begin_task(self) -> None:
        """Be told that a task begins."""

    def mix(self, batch: Batch) -> Batch:
        """Return the samples of an update, given those of the task."""
        return batch

    def before_step(self) -> None:
        """Change gradients, which are those of the batch, before the optimiser takes its step."""

    def after_step(self) -> None:
        """Be told that the optimiser took its step."""

    def end_task(self, task: Task | None = None) -> None:
        """Be told that a task has ended."""

    def state_dict(self) -> dict[str, Any]:
        """All that the method holds, as tensors by name."""
        return {}

    def load_state_dict(self, state_dict: Any) -> Any:
        """Take what `state_dict` gave, after as many calls of `begin_task`."""
