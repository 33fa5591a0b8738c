"""One loop for all methods: tasks one after another, each measured on all of them."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.hebbian.continual.method import Batch, Method, Task
from axonal.hebbian.continual.protected import Protected, Residual
from axonal.hebbian.continual.streams import Experience, Samples, Stream

EVALUATION_BATCH = 500


class Learnt(NamedTuple):
    """Result of learning a stream.

    Attributes:
        test: accuracy on the test samples of task i after task k, [n, n]; one row where everything
            was learnt jointly.
        validation: the same on validation samples.
        untrained: accuracy on the test samples of each task before anything was learnt [n].
        residuals: for each task, what subspaces left of its activity, by layer; empty for methods
            without subspaces.
    """

    test: Float64Array
    validation: Float64Array
    untrained: Float64Array
    residuals: list[dict[str, Residual]]


class ContinualLearner:
    """A network that learns a stream of tasks by any method, with the same passes and rates.

    The loss is the cross entropy of the output's mean over time. Rates fall along a cosine within
    each task, from what the optimiser was made with; its state is cleared between tasks. Which
    samples an update has depends on the seed, the task and the epoch only.

    Args:
        network: called with x [T, B, N], its output [T, B, C] and states come back; or an
            EventNetwork, whose output is [B, C].
        stream: the tasks; ``stream.joint()`` for all at once.
        method: against forgetting; by default none.
        optimiser: over the network's parameters.
        encode: from samples [B, ...] of the stream to x [T, B, N].
        epochs: passes over each task, >= 1.
        batch: samples per update, >= 1.
        seed: of the order of samples, and of what methods draw.
        rule: of :mod:`axonal.hebbian.local`, whose ``gradients(x, target)`` take the place of
            backpropagation; of tasks that share one head.
        measured: the stream whose tasks are tested, if it is another one.

    Raises:
        ValueError: for numbers out of range.

    >>> from axonal.hebbian.continual import permuted
    >>> _ = torch.manual_seed(0)
    >>> x, y = torch.eye(4).repeat(8, 1), torch.arange(4).repeat(8)
    >>> stream = permuted({split: (x, y) for split in ("train", "validation", "test")}, 2)
    >>> net = neuro.Sequential(neuro.Linear(4, 4, bias=False))
    >>> learner = ContinualLearner(
    ...     net, stream, optimiser=torch.optim.SGD(net.parameters(), 1.0), epochs=30,
    ...     encode=lambda x: x.expand(2, *x.shape),
    ... )
    >>> learner.learn().test.shape
    (2, 2)
    """

    def __init__(
        self,
        network: nn.Module,
        stream: Stream,
        method: Method | None = None,
        *,
        optimiser: torch.optim.Optimizer,
        encode: Callable[[Tensor], Tensor],
        epochs: int = 1,
        batch: int = 64,
        seed: int = 0,
        measured: Stream | None = None,
        rule: Any = None,
    ) -> None:
        who = "ContinualLearner"
        self.network, self.stream = network, stream
        self.method = Method() if method is None else method
        self.optimiser, self.encode = optimiser, encode
        self.epochs = checks.whole_number(who, "epochs", epochs)
        self.batch = checks.whole_number(who, "batch", batch)
        self.seed = checks.seed(who, seed)
        self.measured = stream if measured is None else measured
        self.rule = rule
        if rule is not None and stream.heads is not None:
            raise ValueError(
                "ContinualLearner: the loss of a rule knows no heads of tasks: leave out rule, or "
                "take a stream without heads."
            )
        self._rates = [float(group["lr"]) for group in optimiser.param_groups]

    def learn(self) -> Learnt:
        """Learn all tasks, and measure after each."""
        untrained = self.accuracies("test")
        rows: dict[str, list[list[float]]] = {"test": [], "validation": []}
        residuals = []
        for experience in self.stream.experiences:
            found = self.learn_task(experience)
            if found:
                residuals.append(found)
            for split, own in rows.items():
                own.append(self.accuracies(split))
        return Learnt(
            np.array(rows["test"]), np.array(rows["validation"]), np.array(untrained), residuals
        )

    def learn_task(self, experience: Experience) -> dict[str, Residual]:
        """Learn one task; what subspaces left of it, by layer."""
        k, method = experience.current_experience, self.method
        torch.manual_seed(np.random.SeedSequence((self.seed, k)).generate_state(1)[0])
        self.optimiser.state.clear()
        method.begin_task()
        self.network.train()
        samples = experience.train
        updates = self.epochs * -(-len(samples.y) // self.batch)
        done = 0
        for epoch in range(self.epochs):
            order = np.random.default_rng((self.seed, k, epoch)).permutation(len(samples.y))
            for chosen in torch.from_numpy(order).split(self.batch):
                self._set_rates(done / updates)
                self._update(method.mix(self._batch(samples, chosen)))
                done += 1
        task = Task(self._batch(samples, slice(None)), self.score)
        method.end_task(task)
        return method.residuals(task) if isinstance(method, Protected) else {}

    def _update(self, batch: Batch) -> None:
        self.optimiser.zero_grad()
        if self.rule is not None:
            x = self.encode(batch.x)
            self.rule.gradients(x, batch.y)
            if isinstance(self.method, Protected):
                self.method.observe(x)
        else:
            logits = self.score(batch.x)
            if batch.allowed is not None:
                logits = logits.masked_fill(~batch.allowed, -math.inf)
            F.cross_entropy(logits, batch.y).backward()
        self.method.before_step()
        self.optimiser.step()
        self.method.after_step()

    def _set_rates(self, share: float) -> None:
        for group, first in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = first * 0.5 * (1 + math.cos(math.pi * share))

    def _batch(self, samples: Samples, chosen: Tensor | slice) -> Batch:
        heads = self.stream.heads
        allowed = None if heads is None else heads[samples.task[chosen]]
        return Batch(samples.x[chosen], samples.y[chosen], allowed)

    def score(self, x: Tensor) -> Tensor:
        """Logits [B, C] of samples [B, ...] of the stream."""
        y = self.network(self.encode(x))
        return neuro.mean_over_time(y[0]) if isinstance(y, tuple) else y

    @torch.no_grad()
    def accuracies(self, split: str) -> list[float]:
        """Accuracy on each task of the stream in evaluation mode."""
        self.network.eval()
        found = []
        for experience in self.measured.experiences:
            samples: Samples = getattr(experience, split)
            right = 0
            for chosen in torch.arange(len(samples.y)).split(EVALUATION_BATCH):
                batch = self._batch(samples, chosen)
                logits = self.score(batch.x)
                if batch.allowed is not None:
                    logits = logits.masked_fill(~batch.allowed, -math.inf)
                right += int((logits.argmax(-1) == batch.y).sum())
            found.append(right / len(samples.y))
        return found
