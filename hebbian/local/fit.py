"""Training by any rule, driven by Lightning."""

import logging
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from axonal._base import checks
from axonal._base.extras import extra
from axonal.hebbian.local.rule import Rule

if TYPE_CHECKING:
    from axonal.hebbian.local.training import Optimiser

Batches = Iterable[tuple[Tensor, Tensor]]
"""Of x [T, B, ...] and the target; a ``DataLoader``, or a list."""


def fit(
    rule: Rule,
    batches: Batches,
    *,
    epochs: int = 1,
    optimiser: "Optimiser | float" = 1e-3,
    validation: Batches | None = None,
    **trainer: Any,
) -> list[dict[str, float]]:
    """Train by a rule, driven by Lightning; the same call for every rule.

    Args:
        rule: holds the network.
        batches: x [T, B, ...] and target; read once per epoch.
        epochs: passes over the batches, >= 1.
        optimiser: a function of parameters that makes one, or the learning rate of an Adam.
        validation: batches by which the accuracy is told after every epoch.
        trainer: further options of ``lightning.Trainer``: devices, callbacks, loggers.

    Returns:
        a dict for every epoch: "loss", and "accuracy" with ``validation``.

    Raises:
        ImportError: Lightning is not installed; the message names the extra.
        ValueError: for epochs < 1, and for what a rule refuses of a batch.

    >>> from axonal import neuro
    >>> from axonal.hebbian import local
    >>> x = torch.rand(5, 8, 3)
    >>> batches = [(x, (x.mean((0, 2)) > 0.5).long())]
    >>> net = neuro.Sequential(neuro.Linear(3, 8), neuro.LIF(8), neuro.Linear(8, 2))
    >>> history = local.fit(local.Backprop(net), batches, epochs=3, validation=batches)
    >>> len(history), sorted(history[-1])
    (3, ['accuracy', 'loss'])
    """
    checks.whole_number("fit", "epochs", epochs)
    if not isinstance(rule, Rule):
        raise TypeError(
            f"fit expects a rule of axonal.hebbian.local, got {type(rule).__name__}: write "
            "local.fit(local.OTTT(net), batches)."
        )
    lightning = extra("lightning", "train", "training by a rule")
    from axonal.hebbian.local.training import Training

    if isinstance(optimiser, float | int):
        rate = checks.number("fit", "optimiser", optimiser, 0, open_low=True)
        training = Training(rule, lambda parameters: torch.optim.Adam(parameters, lr=rate))
    else:
        training = Training(rule, optimiser)
    options = {
        "accelerator": "cpu", "devices": 1, "logger": False, "enable_checkpointing": False,
        "enable_progress_bar": False, "enable_model_summary": False, "num_sanity_val_steps": 0,
    }  # fmt: skip
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    with warnings.catch_warnings():
        # advice about loaders, which a list of batches cannot follow
        warnings.filterwarnings("ignore", message=".*does not have many workers")
        warnings.filterwarnings("ignore", message=".*but have no .val_dataloader.")
        warnings.filterwarnings("ignore", message=".isinstance.treespec, LeafSpec.. is deprecated")
        logger.setLevel(logging.ERROR)
        try:
            lightning.Trainer(max_epochs=epochs, **(options | trainer)).fit(
                training, _Read(batches), None if validation is None else _Read(validation)
            )
        finally:
            logger.setLevel(level)
    return training.history


class _Read:
    """Batches as they are: Lightning would take a list for several loaders."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)  # type: ignore[arg-type]
