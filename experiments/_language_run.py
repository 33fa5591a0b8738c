"""A run of the experiment ``language``: a model trained, scored, and its spikes counted."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from axonal._base.sweeps import Row
from axonal.datasets.text import RandomWindows
from axonal.recipes import _text_scoring, _text_training
from axonal.recipes._runs import Job
from axonal.recipes._text_corpus import corpus
from axonal.recipes._text_settings import TextSettings
from experiments._language_arms import ARMS, LAYERS, WIDTH

PART = "language"
SHARED: dict[str, Any] = {"width": WIDTH, "layers": LAYERS, "window": 128, "batch": 8}
COUNTED = 32
"""Windows of the validation part in which spikes are counted."""


@dataclass(frozen=True)
class Trained(Job):
    """A language model, trained and tested.

    Args:
        arm: name of the model.
        updates: number of updates.
        seed: of initial values, windows and dropout.
        changes: further settings that differ.
    """

    arm: str
    updates: int
    seed: int
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> TextSettings:
        """Settings of the run."""
        arm = ARMS[self.arm]
        own = {**SHARED, **arm.changes, **self.changes}
        often = max(self.updates // 10, 1)
        return arm.recipe(seed=self.seed, updates=self.updates, kept_every=often, **own)

    @property
    def identity(self) -> list[Any]:
        """Model and all settings."""
        return [PART, self.arm, self.settings.identity()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment, and what tells its runs apart."""
        told = {"arm": self.arm, "updates": self.updates, "seed": self.seed}
        return PART, {**told, **self.changes}

    def measure(self) -> Row:
        """Train the model, score it, and count spikes before and after."""
        settings = self.settings
        read = corpus(settings.text, settings.tokens, settings.vocabulary)
        windows = RandomWindows(read.train, settings.window, settings.batch, settings.seed)
        model = ARMS[self.arm].build(settings, read.tokenizer.size)
        count = min(COUNTED, len(read.validation) - settings.window)
        looked, _ = RandomWindows(read.validation, settings.window, count)[0]
        before = spikes(model, torch.from_numpy(looked))
        training = _text_training.TextTraining(model, settings, windows, read.source)
        begun = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "checkpoints").mkdir()
            _text_training.fit(training, Path(folder) / "checkpoints", lambda _: None)
        worked = time.process_time() - begun
        found: Row = {}
        for name, part in (("validation", read.validation), ("test", read.test)):
            score = _text_scoring.score(model, part, read.tokenizer, settings.window)
            found[name] = score.bits_per_character
        after = spikes(model, torch.from_numpy(looked))
        return {
            **found,
            "trained_parameters": sum(p.numel() for p in model.parameters()),
            "tokens_seen": training.seen * settings.window * settings.batch,
            "train_seconds": round(worked, 2),
            "curve": [round(row["bits_per_token"], 4) for row in training.history],
            "rates_before": before["rates"],
            "rates": after["rates"],
            "silent_units": after["silent"],
        }


@torch.no_grad()
def spikes(model: nn.Module, tokens: Tensor) -> dict[str, dict[str, float]]:
    """Count the spikes of every spiking layer of a model that reads ``tokens`` [T, B].

    Returns:
        "rates", spikes per neuron and token by path of the layer, and "silent", the share of its
        neurons without any.
    """
    rates, silent, handles = {}, {}, []

    def counting(path: str) -> Any:
        def keep(_: nn.Module, __: Any, result: tuple[Tensor, Any]) -> None:
            fired = (result[0] != 0).double().mean((0, 1))
            rates[path] = float(fired.mean())
            silent[path] = float((fired == 0).double().mean())

        return keep

    was_training = model.training
    model.eval()
    for path, layer in _text_training.spiking_layers(model).items():
        handles.append(layer.register_forward_hook(counting(path)))
    model(tokens)
    for handle in handles:
        handle.remove()
    model.train(was_training)
    return {"rates": rates, "silent": silent}
