"""The Lightning side of training: module, checkpoint and progress bar."""

import logging
import math
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint
from torch import Tensor

from axonal._base import signals
from axonal._base.files import check_source, whole_file
from axonal._base.progress import bar
from axonal.neuro import InputError, Network
from axonal.recipes import _learner, _learning, _weights
from axonal.recipes._data_module import Batch, DataModule
from axonal.recipes._errors import RecipeError
from axonal.recipes._run_folder import RunFolder, write_csv
from axonal.recipes._settings import Settings

# Advice about the machine and the future of other packages, which no reader of a run can act on.
ADVICE = (
    "The .*dataloader.* does not have many workers",
    "GPU available but not used",
    "MPS available but not used",
    ".isinstance.treespec, LeafSpec.. is deprecated",
)
LOGGERS = ("lightning.pytorch", "lightning.fabric")


class Training(lightning.LightningModule):
    """Trains a network by the functions of ``_learning``.

    Args:
        net: the network.
        settings: of the recipe.

    Attributes:
        history: the metrics of every epoch so far; it travels in the checkpoint.
    """

    def __init__(self, net: Network, settings: Settings) -> None:
        super().__init__()
        self.net, self.settings = net, settings
        self.history: list[dict[str, float]] = []
        # made before a checkpoint can freeze delays, so that the groups are those that were saved
        self._learner = _learner.Learner(net, settings)
        self._adam = self._learner.optimiser
        self._sums: dict[str, dict[str, Any]] = {}
        self._started = 0.0

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give Lightning the optimiser."""
        return self._adam

    def on_train_epoch_start(self) -> None:
        """Set everything that is a function of the epoch."""
        self._started = time.perf_counter()
        self._sums = {}
        _learning.begin_epoch(self.net, self._adam, self.settings, self.current_epoch)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Loss of a batch."""
        return self._step("train", batch)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Cut the gradient of an update, where the settings say so."""
        _learning.cut(self.net, self.settings)

    def validation_step(self, batch: Batch, _: int) -> None:
        """Loss and accuracy of a batch, delays rounded."""
        self._step("validation", batch)

    def _step(self, split: str, batch: Batch) -> Tensor:
        x, target = batch
        y = self._learner.run(x)
        loss = self._learner.loss(y, target)
        right = _learner.READOUTS[self.settings.readout](y).argmax(-1) == target
        count = len(target)
        values = {"loss": loss.detach().double() * count, "accuracy": right.sum().double()}
        values |= {name: v.double() * count for name, v in self._learner.measured().items()}
        sums = self._sums.setdefault(split, {"count": 0.0})
        sums["count"] += count
        for name, value in values.items():
            sums[name] = sums.get(name, 0.0) + value
        return loss

    def on_validation_epoch_end(self) -> None:
        """Add a row to the history: validation is the last thing of an epoch."""
        row: dict[str, float] = {"epoch": self.current_epoch}
        for split, sums in self._sums.items():
            count = sums.pop("count")
            row |= {f"{split}_{name}": float(value) / count for name, value in sums.items()}
        row["learning_rate"] = self._adam.param_groups[0]["lr"]
        frozen = self.settings.freeze_epoch
        row["delays_frozen"] = int(frozen is not None and self.current_epoch >= frozen)
        row["seconds"] = time.perf_counter() - self._started
        self.history.append(row)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the history into the checkpoint."""
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the history from the checkpoint."""
        self.history = checkpoint["history"]


class _SaveEpoch(Checkpoint):
    """Writes checkpoint and metrics after each epoch; a kill leaves the old or the new one.

    Lightning's own `ModelCheckpoint` moves its file over from the folder of temporary files, which
    may lie on another disk, and its `CSVLogger` adds to a file that a kill may cut.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: Training) -> None:  # type: ignore[override]
        """Save both, each whole."""
        with whole_file(self.run.checkpoint) as part:
            trainer.save_checkpoint(part)
        write_csv(self.run.metrics, module.history)


class _Finite(Callback):
    """Ends a run whose loss is no number any more, before it spoils what was learned."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run

    def on_before_backward(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, loss: Tensor
    ) -> None:
        """Look at the loss of every update."""
        value = float(loss.detach())
        if not math.isfinite(value):
            raise diverged(self.run, f"the loss is {value}", trainer.current_epoch)


def diverged(run: RunFolder, what: str, epoch: int) -> RecipeError:
    """The error about a run that diverged, with the checkpoint that is still good."""
    kept = f"{run.checkpoint} holds epoch {epoch - 1}, the last good one"
    if not run.checkpoint.exists():
        kept = "no epoch was finished before it"
    return RecipeError(
        f"{what} in epoch {epoch}, and the run was stopped; {kept}: begin anew with --force and a "
        "smaller --learning-rate."
    )


class _Bar(Callback):
    """A progress bar on stderr; that of a resumed run begins where it goes on."""

    def __init__(self, name: str, epochs: int) -> None:
        self._bar = bar(name, epochs, unit="epochs")
        self._open = ExitStack()
        self._step: Callable[..., None] = lambda *_: None

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Show the bar."""
        self._step = self._open.enter_context(self._bar)
        self._step(trainer.current_epoch)

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: Training) -> None:  # type: ignore[override]
        """Advance."""
        remark = f"validation accuracy {module.history[-1]['validation_accuracy']:.3f}"
        self._step(trainer.current_epoch + 1, remark)

    def teardown(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, stage: str
    ) -> None:
        """Leave the finished bar."""
        self._open.close()

    def on_exception(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, error: BaseException
    ) -> None:
        """Give the terminal back."""
        self._open.close()


def fit(
    name: str,
    training: Training,
    data: DataModule,
    run: RunFolder,
    *,
    device: str,
    progress: bool,
) -> None:
    """Train to the last epoch, from the run's checkpoint if it has one."""
    settings = training.settings
    callbacks: list[Callback] = [_SaveEpoch(run), _Finite(run)]
    if progress:
        callbacks.append(_Bar(name, settings.epochs))
    with quiet():
        trainer = lightning.Trainer(
            accelerator=device,
            devices=1,
            max_epochs=settings.epochs,
            callbacks=callbacks,
            default_root_dir=run.path,
            logger=False,
            enable_checkpointing=True,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        start: Path | None = None
        if run.checkpoint.exists():
            start = run.checkpoint
            check_checkpoint(run, training)
        try:
            to_the_end(trainer, training, start, data)
        except InputError as error:
            # a layer that refuses its state may come before the loss that would tell
            weights = training.net.parameters()
            if all(torch.isfinite(p).all() for p in weights):
                raise
            raise diverged(run, "weights are no numbers any more", trainer.current_epoch) from error


def to_the_end(
    trainer: lightning.Trainer,
    training: lightning.LightningModule,
    start: Path | None,
    data: DataModule | None = None,
) -> None:
    """Run a trainer, from a checkpoint if there is one; a stop by the user is KeyboardInterrupt."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        with _own_termination():
            trainer.fit(training, datamodule=data, ckpt_path=start)
    except SystemExit:
        # at Ctrl-C Lightning asks the process to end and makes it deaf to the next Ctrl-C
        if not trainer.interrupted:
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from None
    # one that came after the last batch, where Lightning looks no more
    if trainer.received_sigterm:
        raise KeyboardInterrupt


def check_checkpoint(run: RunFolder, training: Training) -> None:
    """Refuse a checkpoint that is damaged, before Lightning trips over it."""
    try:
        check_source(run.checkpoint)
        found, _ = _weights.read_torch(run.checkpoint.read_bytes())
        kinds = {"epoch": int, "state_dict": dict, "history": list, "optimizer_states": list}
        for name, kind in {**kinds, "loops": dict}.items():
            if not isinstance(found, dict) or not isinstance(found.get(name), kind):
                raise ValueError(f"it has no {name}")
        if len(found["history"]) != found["epoch"] + 1:
            raise ValueError(f"it has {len(found['history'])} of {found['epoch'] + 1} epochs")
        own, given = training.state_dict(), found["state_dict"]
        # layers know what states of earlier versions lack
        differ = _weights.differences({name: own[name] for name in own if name in given}, given)
        if differ:
            raise RecipeError(
                f"{run.checkpoint} is of another network: {differ}; resume with the recipe and the "
                "settings that it was made with, or begin anew with --force"
            )
    except RecipeError:
        raise
    except (ValueError, OSError) as error:
        raise RecipeError(
            f"{run.checkpoint} is damaged and nothing can go on from it: {error}; "
            "put it back from a copy, or begin anew with --force"
        ) from error


@contextmanager
def _own_termination() -> Iterator[None]:
    """Leave TERM to Lightning, which ends after a batch; the command line would end at once."""
    ours = isinstance(signal.getsignal(signal.SIGTERM), signals.Ending)
    with signals.held(lambda: None, [signal.SIGTERM] if ours else []):
        yield


@contextmanager
def quiet() -> Iterator[None]:
    """Silence tips and advice of Lightning, and nothing else, while a run lasts."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        for advice in ADVICE:
            warnings.filterwarnings("ignore", message=advice)
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
