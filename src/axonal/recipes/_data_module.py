"""Batches of any data set for Lightning."""

from collections.abc import Iterator, Mapping

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from axonal._base.checks import seed as checked_seed
from axonal._base.checks import whole_number
from axonal.recipes import _learner, _learning
from axonal.recipes._errors import RecipeError
from axonal.recipes._samples import Samples, in_epoch

Batch = tuple[_learner.Input, Tensor]
Place = tuple[int, int]
"""Epoch, and index of a sample: all that a worker needs to know."""


class DataModule(lightning.LightningDataModule):
    """Batches ``(x [T, B, ...], target [B])`` of labelled samples, for Lightning.

    One module serves every data set: its samples come by split, as `axonal.datasets` and the
    ``data`` of recipes give them, or as ``datasets.Binned(events, grid)`` of a set of events. The
    order of the training samples depends on the seed and the epoch, and so does what a
    `Transformed` draws: any number of workers gives the same batches, and a run that was stopped
    goes on with those that it would have had.

    Args:
        samples: by split: "train", "validation" and "test", some or all of them.
        batch: training samples per update, >= 1; evaluation takes 256.
        seed: of the order, 0 to 2^64 - 1.
        workers: processes that make batches; 0 makes them in this one.

    Raises:
        ValueError: no split of these names, or a number out of range.
        TypeError: a number that is not whole.

    >>> from axonal import datasets, recipes
    >>> module = recipes.DataModule({"train": datasets.digits("train")}, batch=16)
    >>> x, target = next(iter(module.train_dataloader()))
    >>> x.shape, target.shape
    (torch.Size([16, 16, 64]), torch.Size([16]))
    """

    SPLITS = ("train", "validation", "test")

    def __init__(
        self, samples: Mapping[str, Samples], *, batch: int = 64, seed: int = 0, workers: int = 0
    ) -> None:
        super().__init__()
        unknown = [name for name in samples if name not in self.SPLITS]
        if unknown or not samples:
            raise RecipeError(
                f"DataModule expects samples by split, {', '.join(self.SPLITS)}, got "
                f"{', '.join(map(repr, samples)) or 'none'}."
            )
        self.samples = dict(samples)
        self.batch = whole_number("DataModule", "batch", batch)
        self.seed = checked_seed("DataModule", seed)
        self.workers = whole_number("DataModule", "workers", workers, 0)
        if "validation" not in self.samples:
            # a Trainer asks every module that defines it, and warns of one that gives nothing
            self.val_dataloader = super().val_dataloader  # type: ignore[method-assign]

    def train_dataloader(self) -> DataLoader[Place]:
        """Batches of the training samples, in another order in every epoch."""
        return self._loader("train", self.batch, _Order(len(self._split("train")), self.seed))

    def val_dataloader(self) -> DataLoader[Place]:
        """Batches of the validation samples, in their order."""
        return self._loader("validation", _learning.EVALUATION_BATCH)

    def test_dataloader(self) -> DataLoader[Place]:
        """Batches of the test samples, in their order."""
        return self._loader("test", _learning.EVALUATION_BATCH)

    def _split(self, name: str) -> Samples:
        if name not in self.samples:
            raise RecipeError(
                f"this DataModule holds no split {name!r}, only {', '.join(self.samples)}."
            )
        return self.samples[name]

    def _loader(self, name: str, batch: int, order: "_Order | None" = None) -> DataLoader[Place]:
        places = _Places(self._split(name))
        return DataLoader(
            places,
            batch_size=batch,
            sampler=order,
            collate_fn=places.collate,
            num_workers=self.workers,
            # its own generator, because a loader without one draws from torch's global state
            generator=torch.Generator().manual_seed(self.seed % 2**63),
        )


class _Places(Dataset[Place]):
    """Places of samples; the raster is made for whole batches at once."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: int | Place) -> Place:
        return place if isinstance(place, tuple) else (0, place)

    def collate(self, places: list[Place]) -> Batch:
        """Batch of samples, time first, or their events."""
        chosen = np.array([index for _, index in places])
        seen = in_epoch(self.samples, places[0][0])
        return _learning.inputs(seen, chosen), torch.from_numpy(seen.labels[chosen])


class _Order(Sampler[Place]):
    """Order of an epoch; Lightning calls ``set_epoch`` before each, also after resuming."""

    def __init__(self, samples: int, seed: int) -> None:
        self.samples, self.seed, self.epoch = samples, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.samples

    def __iter__(self) -> Iterator[Place]:
        # the epoch travels with the index: a worker that started earlier knows no other
        order = _learning.order(self.seed, self.epoch, self.samples).tolist()
        return iter([(self.epoch, index) for index in order])
