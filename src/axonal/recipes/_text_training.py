"""Training of language models on random windows of a text, by Lightning, update by update."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from axonal import neuro
from axonal._base.files import check_source, whole_file
from axonal.datasets.text import RandomWindows
from axonal.recipes import _lightning, _weights
from axonal.recipes._errors import RecipeError
from axonal.recipes._run_folder import write_csv
from axonal.recipes._text_settings import TextSettings

Window = tuple[Tensor, Tensor]
CHECKPOINT = "last.ckpt"


class TextTraining(lightning.LightningModule):
    """A language model that learns the next token of random windows.

    Every batch, what is drawn for dropout, and the learning rate are functions of numbers that the
    checkpoint holds, so that a run that goes on ends where one that was never stopped does.

    Args:
        model: called with tokens [T, B].
        settings: of the recipe.
        windows: batches by their number.
        source: SHA-256 of the text, for the checkpoint.

    Attributes:
        history: a row of metrics per `kept_every` updates.
        seen: number of batches so far, in each process.
    """

    def __init__(
        self, model: nn.Module, settings: TextSettings, windows: RandomWindows, source: str
    ) -> None:
        super().__init__()
        self.model, self.text, self.windows, self.source = model, settings, windows, source
        self.history: list[dict[str, float]] = []
        self.seen = 0
        self._losses: list[Tensor] = []
        self._rates: dict[str, float] = {}
        self._begun = time.perf_counter()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give Lightning the optimiser, with the published numbers of RWKV but for its rate."""
        decay = self.text.weight_decay
        rate = self.text.learning_rate
        return torch.optim.AdamW(
            self.model.parameters(), rate, betas=(0.9, 0.99), eps=4e-9, weight_decay=decay
        )

    def train_dataloader(self) -> DataLoader[Window]:
        """Batches from the first one that was not seen."""
        return DataLoader(_Batches(self), batch_size=None)

    def training_step(self, batch: Window, _: int) -> Tensor:
        """Loss of a batch, in nats per token."""
        # processes beside the first draw dropout of their own
        own = (self.global_rank,) if self.global_rank else ()
        drawn = np.random.SeedSequence((self.text.seed, self.seen, *own)).generate_state(1)[0]
        torch.manual_seed(int(drawn))
        for group in self.optimizers().param_groups:  # type: ignore[union-attr]
            group["lr"] = self.text.rate_at(self.global_step)
        x, target = batch
        with self._watched():
            logits, _ = self.model(x)
        loss = neuro.next_token_loss(logits.float(), target, pull=self.text.pull)
        if not math.isfinite(loss.detach()):
            raise RecipeError(
                f"the loss is no number any more after {self.global_step} updates: write a smaller "
                "--learning-rate or --largest-gradient; the run goes on from its last checkpoint."
            )
        self._losses.append(loss.detach())
        self.seen += 1
        return loss

    def row(self) -> dict[str, float]:
        """Means since the last row, and the rates of the last batch."""
        loss = float(torch.stack(self._losses).double().mean())
        self._losses = []
        seconds, self._begun = time.perf_counter() - self._begun, time.perf_counter()
        rates = {f"rate.{path}": rate for path, rate in self._rates.items()}
        told = {
            "bits_per_token": loss / math.log(2),
            "learning_rate": self.text.rate_at(self.global_step),
        }
        return {"update": self.global_step, **told, **rates, "seconds": seconds}

    def _watched(self) -> Any:
        last = (self.global_step + 1) % self.text.kept_every == 0
        first = self.global_step == 0
        return watched(self.model, self._rates) if first or last else watched(self.model, None)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put what Lightning does not know into the checkpoint."""
        checkpoint["text"] = {"history": self.history, "seen": self.seen, "source": self.source}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it from there."""
        held = checkpoint["text"]
        self.history, self.seen = held["history"], held["seen"]


class watched:
    """Firing rates of the layers of a model that run in the block, by path.

    Args:
        model: the model.
        into: gets the rates; None to watch nothing.
    """

    def __init__(self, model: nn.Module, into: dict[str, float] | None) -> None:
        self.model, self.into = model, into
        self._handles: list[Any] = []

    def __enter__(self) -> None:
        if self.into is None:
            return
        for path, layer in spiking_layers(self.model).items():
            self._handles.append(layer.register_forward_hook(self._hook(path)))

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _hook(self, path: str) -> Callable[..., None]:
        def keep(_: nn.Module, __: Any, result: tuple[Tensor, Any]) -> None:
            assert self.into is not None
            self.into[path] = float((result[0].detach() != 0).double().mean())

        return keep


def spiking_layers(model: nn.Module) -> dict[str, neuro.Layer[Any]]:
    """Layers whose output is spikes, the outermost ones, by path."""
    found = {
        path: module
        for path, module in model.named_modules()
        if isinstance(module, neuro.Layer) and module.spiking
    }
    inside = [path for path in found if any(path.startswith(f"{other}.") for other in found)]
    return {path: layer for path, layer in found.items() if path not in inside}


class _Batches(IterableDataset[Window]):
    def __init__(self, training: TextTraining) -> None:
        self.training = training

    def __iter__(self) -> Iterator[Window]:
        trainer, number = self.training.trainer, self.training.seen
        while True:
            x, y = self.training.windows[number * trainer.world_size + trainer.global_rank]
            yield torch.from_numpy(x), torch.from_numpy(y)
            number += 1


class _Keep(Callback):
    """Writes checkpoint and metrics after every so many updates, each whole."""

    def __init__(self, folder: Path, every: int, report: Callable[[float], None]) -> None:
        self.folder, self.every, self.report = folder, every, report
        self._done = 0

    def on_train_start(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
        """Take what a checkpoint has done for done."""
        self._done = trainer.global_step

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, *_: Any
    ) -> None:
        """Save between two updates."""
        assert isinstance(module, TextTraining)
        done, last = trainer.global_step, module.text.updates
        if done == self._done:  # a batch whose gradient is only added
            return
        self._done = done
        self.report(done / last)
        if done % self.every and done != last:
            return
        module.history.append(module.row())
        if not trainer.is_global_zero:  # has its share in what is saved, and writes nothing
            trainer.save_checkpoint(self.folder / CHECKPOINT)
            return
        with whole_file(self.folder / CHECKPOINT) as part:
            trainer.save_checkpoint(part)
        write_csv(self.folder.parent / "metrics.csv", module.history)


def fit(training: TextTraining, folder: Path, report: Callable[[float], None]) -> None:
    """Train to the last update, from the checkpoint in a folder if there is one.

    Processes that Lightning has started beside the first end here.

    Raises:
        RecipeError: the checkpoint is damaged or of another text, or the loss is no number.
    """
    settings = training.text
    start: Path | None = folder / CHECKPOINT
    if start is not None and start.exists():
        _check(start, training)
    else:
        start = None
    with _lightning.quiet():
        trainer = lightning.Trainer(
            accelerator=settings.accelerator,
            devices=settings.devices,
            strategy=settings.strategy,
            precision=settings.precision,  # type: ignore[arg-type]
            max_steps=settings.updates,
            accumulate_grad_batches=settings.accumulate,
            gradient_clip_val=settings.largest_gradient,
            callbacks=[_Keep(folder, settings.kept_every, report)],
            default_root_dir=folder,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        _lightning.to_the_end(trainer, training, start)
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        # left to the end of the interpreter, processes can wait for each other there for ever
        torch.distributed.destroy_process_group()
    if not trainer.is_global_zero:
        sys.exit()


def _check(path: Path, training: TextTraining) -> None:
    try:
        check_source(path)
        found, _ = _weights.read_torch(path.read_bytes())
        held = found.get("text") if isinstance(found, Mapping) else None
        if not isinstance(held, Mapping) or not isinstance(held.get("seen"), int):
            raise ValueError("it is not that of a language model")
    except (ValueError, OSError) as error:
        raise RecipeError(
            f"{path} is damaged and nothing can go on from it: {error}; put it back from a copy, "
            "or begin anew with --force"
        ) from error
    if held.get("source") != training.source:
        raise RecipeError(
            f"{path} was trained on another text than the one that is there now: put that back, or "
            "begin anew with --force."
        )
