"""The jobs of the experiment ``two_point``: spoken digits with noisy pictures beside them."""

import functools
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal._base.array_types import Float32Array, Int64Array
from axonal._base.sweeps import Row
from axonal.datasets import fsdd, mnist
from axonal.neuro.layers.two_point import TRANSFERS
from axonal.recipes._runs import Job

STEPS, BANDS, PIXELS, CLASSES = 12, 80, 49, 10
"""Of 50 ms; channels of the mel front end; 7 x 7 means of a picture."""
SOUND_NOISE, PICTURE_NOISE = 1.5, 1.0
"""Deviations, in units of the deviation of each channel and of all pixels."""
CELLS = 32
"""Hidden cells of the arms with both modalities."""
EPOCHS, BATCH, RATE = 12, 64, 3e-3
ARMS: Mapping[str, str] = {
    **{name: f'two-point cells, "{name}"' for name in TRANSFERS},
    "additive": "ReLU6(R + C): the same connections, point cells",
    "shuffled": '"mod", context of random digits in training and test',
    "no context": "ReLU6(R), sound alone, as many parameters",
    "no sound": "ReLU6(C), pictures alone, as many parameters",
}


class Data(NamedTuple):
    """One split of the pairs.

    Attributes:
        sound: [T, B, BANDS], without noise, of zero mean and unit deviation.
        picture: [B, PIXELS], likewise, of the same digits.
        labels: [B].
    """

    sound: Float32Array
    picture: Float32Array
    labels: Int64Array


@functools.lru_cache(1)
def data() -> dict[str, Data]:
    """Spoken digits by split, each with a picture of MNIST of its digit, the same for all seeds."""
    sounds = fsdd("mel", dt=0.05, steps=STEPS)
    pictures = {part: mnist("test" if part == "test" else "train") for part in sounds}
    rng, made = np.random.default_rng(0), {}
    for part, spikes in sounds.items():
        x = np.sqrt(spikes.dense(range(len(spikes)))).astype(np.float32)
        images, digits = pictures[part]
        labels = np.asarray(spikes.events.labels)
        chosen = np.array([rng.choice(np.flatnonzero(digits == d)) for d in labels])
        small = images[chosen].reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, PIXELS)
        made[part] = Data(x, small.astype(np.float32), labels.astype(np.int64))
    train = made["train"]
    mean, scale = train.sound.mean((0, 1)), train.sound.std((0, 1)) + 1e-3
    bright, spread = train.picture.mean(0), train.picture.std()
    return {
        part: Data((d.sound - mean) / scale, (d.picture - bright) / spread, d.labels)
        for part, d in made.items()
    }


class Net(nn.Module):
    """Sound and picture to logits at every step, through one layer of cells.

    Args:
        arm: a key of `ARMS`.
    """

    def __init__(self, arm: str) -> None:
        super().__init__()
        self.arm, cells = arm, cells_of(arm)
        self.receptive = neuro.Linear(BANDS, cells) if arm != "no sound" else None
        self.context = neuro.Linear(PIXELS, cells) if arm != "no context" else None
        transfer = "mod" if arm == "shuffled" else arm
        self.cells = neuro.TwoPoint(cells, transfer) if transfer in TRANSFERS else None
        self.readout = neuro.Linear(cells, CLASSES)

    def hidden(self, sound: Tensor, picture: Tensor) -> Tensor:
        """Activity of the cells [T, B, cells]."""
        drives = [
            layer(x)
            for layer, x in ((self.receptive, sound), (self.context, picture))
            if layer is not None
        ]
        if self.cells is not None:
            y: Tensor = self.cells(torch.cat(drives, -1))
            return y
        return F.relu6(torch.stack(drives).sum(0))

    def forward(self, sound: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [B, CLASSES], the mean over steps, and the activity of the cells."""
        y = self.hidden(sound, picture)
        return self.readout(y).mean(0), y


def cells_of(arm: str) -> int:
    """Cells with which an arm has as many parameters as the others, rounded up."""
    both = BANDS + PIXELS + 2
    inputs = {"no context": BANDS + 1, "no sound": PIXELS + 1}.get(arm, both)
    return -(-CELLS * (both + CLASSES) // (inputs + CLASSES))


@dataclass(frozen=True)
class Trained(Job):
    """An arm, trained and tested.

    Args:
        arm: a key of `ARMS`.
        seed: of weights, noise and order.
    """

    arm: str
    seed: int

    @property
    def identity(self) -> list[Any]:
        """The arm, the task and the training."""
        task = [STEPS, SOUND_NOISE, PICTURE_NOISE]
        return ["two-point", asdict(self), task, [CELLS, EPOCHS, BATCH, RATE]]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the arm."""
        return "two-point", asdict(self)

    def measure(self) -> Row:
        """Accuracies with the context of training, and with none or a wrong one in the test."""
        begun = time.process_time()
        torch.manual_seed(self.seed)
        net, rng = Net(self.arm), np.random.default_rng(self.seed)
        optimiser, parts = torch.optim.Adam(net.parameters(), RATE), data()
        curve = []
        for epoch in range(EPOCHS):
            optimiser.param_groups[0]["lr"] = RATE * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
            order = rng.permutation(len(parts["train"].labels))
            for start in range(0, len(order), BATCH):
                x, picture, target = batch(
                    parts["train"], order[start : start + BATCH], rng, self.context
                )
                optimiser.zero_grad()
                F.cross_entropy(net(x, picture)[0], target).backward()
                optimiser.step()
            curve.append(round(self.tested(net, "validation", self.context)["accuracy"], 4))
        test = self.tested(net, "test", self.context)
        return {
            "validation": curve[-1],
            "validation_per_epoch": curve,
            "test": test["accuracy"],
            "active": test["active"],
            "without_context": self.tested(net, "test", "none")["accuracy"],
            "wrong_context": self.tested(net, "test", "shuffled")["accuracy"],
            "trained_parameters": sum(p.numel() for p in net.parameters()),
            "cells": cells_of(self.arm),
            "tested": len(parts["test"].labels),
            "cpu_seconds": round(time.process_time() - begun, 1),
        }

    @property
    def context(self) -> str:
        """Pictures that the arm sees: "right" or "shuffled"."""
        return "shuffled" if self.arm == "shuffled" else "right"

    def tested(self, net: Net, part: str, context: str) -> dict[str, float]:
        """Accuracy, and share of cells that are active, on noise of its own."""
        rng = np.random.default_rng((self.seed, 1))
        x, picture, target = batch(data()[part], np.arange(len(data()[part].labels)), rng, context)
        with torch.no_grad():
            logits, y = net(x, picture)
        right = (logits.argmax(1) == target).float().mean().item()
        return {"accuracy": right, "active": (y > 0).float().mean().item()}


def batch(
    split: Data, chosen: Int64Array, rng: np.random.Generator, context: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Noisy sounds [T, B, BANDS] and pictures [T, B, PIXELS] of the chosen pairs, and labels.

    The noise of sounds is new in every step, that of a picture is one for all steps. Context
    "shuffled" takes the picture of another sample, "none" is zero, the mean picture.
    """
    sound = split.sound[:, chosen]
    noisy = sound + SOUND_NOISE * rng.standard_normal(sound.shape, np.float32)
    shown = rng.permutation(chosen) if context == "shuffled" else chosen
    picture = split.picture[shown]
    picture = picture + PICTURE_NOISE * rng.standard_normal(picture.shape, np.float32)
    if context == "none":
        picture = np.zeros_like(picture)
    steps = np.broadcast_to(picture, (len(sound), *picture.shape))
    labels = torch.from_numpy(split.labels[chosen])
    return torch.from_numpy(noisy), torch.from_numpy(np.ascontiguousarray(steps)), labels
