"""Batches for Lightning: the same with any number of workers, for any data set."""

from typing import Any

import lightning
import numpy as np
import pytest
import torch
from torch import Tensor

from axonal import datasets, recipes
from axonal.recipes import _learning, digits
from axonal.recipes._lightning import quiet


class Numbered:
    """Samples whose raster says which sample and which epoch it is."""

    def __init__(self, count: int, epoch: int = 0) -> None:
        self.labels, self.epoch = np.arange(count), epoch

    def __len__(self) -> int:
        return len(self.labels)

    def in_epoch(self, epoch: int) -> "Numbered":
        return Numbered(len(self), epoch)

    def dense(self, indices: Any) -> np.ndarray:
        chosen = np.asarray(indices, np.float32)
        return np.stack([chosen, np.full_like(chosen, self.epoch)])[..., None]


def epoch_of(module: recipes.DataModule, epoch: int) -> list[tuple[Tensor, Tensor]]:
    loader = module.train_dataloader()
    loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]  # as Lightning does
    return list(loader)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_any_number_of_workers_gives_the_same_batches_in_every_epoch(workers: int) -> None:
    module = recipes.DataModule({"train": Numbered(50)}, batch=8, seed=4, workers=workers)
    for epoch in (0, 3):
        found = epoch_of(module, epoch)
        assert [len(target) for _, target in found] == [8] * 6 + [2]
        order = torch.cat([target for _, target in found])
        assert order.tolist() == _learning.order(4, epoch, 50).tolist()
        for x, target in found:
            assert x.shape == (2, len(target), 1)
            assert torch.equal(x[0, :, 0], target.float())
            assert (x[1] == epoch).all()


def test_evaluation_keeps_the_order_and_every_sample() -> None:
    module = recipes.DataModule({"validation": Numbered(300), "test": Numbered(7)})
    for loader, count in ((module.val_dataloader(), 300), (module.test_dataloader(), 7)):
        assert torch.cat([target for _, target in loader]).tolist() == list(range(count))


def test_lightning_sees_another_epoch_in_every_epoch() -> None:
    class Watch(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.seen = torch.nn.Parameter(torch.zeros(())), []

        def training_step(self, batch: Any, _: int) -> Tensor:
            self.seen.append((batch[0][1].unique().tolist(), batch[1].tolist()))
            return self.weight * batch[0].sum()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.1)

    watch, samples = Watch(), Numbered(10)
    with quiet():
        trainer = lightning.Trainer(
            accelerator="cpu", max_epochs=3, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(watch, datamodule=recipes.DataModule({"train": samples}, batch=10, seed=1))
    assert watch.seen == [([e], _learning.order(1, e, 10).tolist()) for e in range(3)]


def test_the_plain_loop_sees_the_samples_of_the_epoch() -> None:
    settings, seen = digits.Settings(epochs=2, hidden=2, batch=400), []

    class Watched:
        def __init__(self, samples: Any) -> None:
            self.samples, self.labels = samples, samples.labels

        def __len__(self) -> int:
            return len(self.samples)

        def in_epoch(self, epoch: int) -> Any:
            seen.append(epoch)
            return self.samples

        def dense(self, indices: Any) -> Any:
            raise AssertionError("the samples of no epoch")

    _learning.fit(digits.build(settings), settings, Watched(digits.data(settings)["train"]))
    assert seen == [0, 1]


@pytest.mark.parametrize(
    ("samples", "more", "error"),
    [
        ({}, {}, "by split, train, validation, test, got none"),
        ({"training": Numbered(3)}, {}, "got 'training'"),
        ({"train": Numbered(3)}, {"batch": 0}, "batch as a whole number >= 1"),
        ({"train": Numbered(3)}, {"workers": -1}, "workers as a whole number >= 0"),
        ({"train": Numbered(3)}, {"seed": -1}, "seed as a whole number"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_one_line(
    samples: Any, more: dict[str, int], error: str
) -> None:
    with pytest.raises(ValueError, match=error) as caught:
        recipes.DataModule(samples, **more)
    assert "\n" not in str(caught.value)


def test_a_split_that_is_not_there_is_named() -> None:
    with pytest.raises(recipes.RecipeError, match="holds no split 'test', only train"):
        recipes.DataModule({"train": datasets.digits("train")}).test_dataloader()
