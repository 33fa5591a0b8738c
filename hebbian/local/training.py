"""The Lightning module by which a rule trains."""

from collections.abc import Callable, Iterable

import lightning
import torch
from torch import Tensor, nn

from axonal.hebbian.local.rule import Rule

Optimiser = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


class Training(lightning.LightningModule):
    """Lets Lightning drive a rule: gradients by the rule, a step of the optimiser, accuracy.

    Optimisation is manual, since a rule takes its gradients itself. Checkpoints hold the network
    and all that the rule has beside it.

    Args:
        rule: the rule.
        optimiser: makes an optimiser of parameters; Adam with its defaults if there is none.

    Attributes:
        history: a dict for every epoch: "loss", and "accuracy" on the validation batches, if any.

    >>> from axonal import neuro
    >>> from axonal.hebbian import local
    >>> rule = local.Backprop(neuro.Sequential(neuro.Linear(3, 2)))
    >>> Training(rule).configure_optimizers().defaults["lr"]
    0.001
    """

    def __init__(self, rule: Rule, optimiser: Optimiser = torch.optim.Adam) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.rule, self._optimiser = rule, optimiser
        self.history: list[dict[str, float]] = []
        self._losses: list[Tensor] = []
        self._right = self._seen = 0

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give Lightning the optimiser."""
        return self._optimiser(self.rule.parameters_trained())

    def on_train_epoch_start(self) -> None:
        """Begin a row of the history."""
        self._losses, self._right, self._seen = [], 0, 0

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Learn from a batch (x [T, B, ...], target)."""
        optimiser = self.optimizers()
        assert isinstance(optimiser, lightning.pytorch.core.optimizer.LightningOptimizer)
        optimiser.zero_grad()
        self._losses.append(self.rule.gradients(*batch))
        optimiser.step()

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Count the samples of a batch whose class is found."""
        x, target = batch
        self._right += int((self.rule.scores(x).argmax(1) == target).sum())
        self._seen += len(target)

    def on_train_epoch_end(self) -> None:
        """Add a row to the history."""
        row = {"loss": float(torch.stack(self._losses).mean())}
        if self._seen:
            row["accuracy"] = self._right / self._seen
        self.history.append(row)

    def on_save_checkpoint(self, checkpoint: dict[str, object]) -> None:
        """Put the history into the checkpoint."""
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, list[dict[str, float]]]) -> None:
        """Take the history from the checkpoint."""
        self.history = checkpoint["history"]
