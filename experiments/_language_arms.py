"""Models of the experiment ``language``: spiking ones, the same without spikes, and controls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from axonal.recipes import spikegpt_char, ternary_char
from axonal.recipes._language_model import LanguageModel
from axonal.recipes._text_settings import TextSettings
from axonal.recipes._transformer import Transformer

WIDTH, LAYERS = 64, 2
LSTM_UNITS = 132
TRANSFORMER_UNITS = 288
TERNARY_UNITS = 192
"""Sizes at which all models have the same number of parameters, to 1 %."""
TOKENS_UPDATES = 1000
"""Of every model at equal tokens."""
SECONDS = 60
"""Of training, at equal time."""


@dataclass(frozen=True)
class Arm:
    """A model that is compared.

    Args:
        words: its name in tables.
        build: makes it of settings and the size of a vocabulary.
        seconds: of a processor per update, measured once on the machine of the first rows.
        recipe: class of its settings.
        changes: settings that differ from those that all models share.
    """

    words: str
    build: Callable[[Any, int], nn.Module]
    seconds: float
    recipe: type[TextSettings] = TextSettings
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def updates(self) -> int:
        """Number of updates in the time that every model has, in whole tens."""
        return 10 * round(SECONDS / self.seconds / 10)


def lstm(settings: TextSettings, vocabulary: int) -> nn.Module:
    """One LSTM layer between an embedding and scores."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return LanguageModel(vocabulary, (settings.width, LSTM_UNITS), cell="lstm")


def transformer(settings: TextSettings, vocabulary: int) -> nn.Module:
    """A causal transformer of as many blocks as the others have."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return Transformer(
            vocabulary,
            size=settings.width,
            layers=settings.layers,
            hidden=TRANSFORMER_UNITS,
            dropout=settings.dropout,
        )


def _spikegpt(words: str, seconds: float, rate: float, **changes: Any) -> Arm:
    changes = {"learning_rate": rate, **changes}
    return Arm(words, spikegpt_char.build, seconds, spikegpt_char.Settings, changes)


def _ternary(words: str, seconds: float, rate: float, **changes: Any) -> Arm:
    changes = {"learning_rate": rate, "hidden_units": TERNARY_UNITS, "dropout": 0.0, **changes}
    return Arm(words, ternary_char.build, seconds, ternary_char.Settings, changes)


ARMS: dict[str, Arm] = {
    "spikegpt": _spikegpt("SpikeGPT", 0.070, 1e-2),
    "spikegpt-real": _spikegpt("SpikeGPT, real embedding", 0.070, 1e-2, binary=False),
    "rwkv-binary": _spikegpt("no LIFs, binary embedding", 0.063, 1e-2, spiking=False),
    "rwkv": _spikegpt("no LIFs, real embedding", 0.063, 1e-2, spiking=False, binary=False),
    "ternary-spiking": _ternary("ternary, spiking", 0.075, 8e-3, spiking=True),
    "ternary": _ternary("ternary", 0.084, 8e-3),
    "lstm": Arm("LSTM", lstm, 0.036, changes={"learning_rate": 1e-2, "dropout": 0.0}),
    "transformer": Arm("transformer", transformer, 0.065, changes={"learning_rate": 5e-3}),
}
