"""Language models of ternary weights (MatMul-free), with spikes before the weights or without.

The model is that of Zhu et al. 2024 (arXiv 2406.02528), made small; the spikes are our own variant.
"""

from dataclasses import dataclass

import torch

from axonal import neuro
from axonal.recipes import _language_study, _text_settings
from axonal.recipes._study import Learned, Parts


@dataclass(frozen=True, kw_only=True)
class Settings(_text_settings.TextSettings):
    """Settings of the recipe; those not named here are shared by recipes of language models.

    Args:
        hidden_units: units of the feed-forward part.
        spiking: whether LIF neurons stand before every ternary weight of the blocks.

    >>> Settings(width=8).hidden_units
    192
    """

    learning_rate: float = 8e-3
    dropout: float = 0.0
    hidden_units: int = 192
    spiking: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_counts("hidden_units")
        self.require("dropout", self.dropout == 0, "0: the model has none")


def build(settings: Settings, vocabulary: int) -> neuro.TernaryLM:
    """The untrained model, the same for the same settings.

    >>> build(Settings(width=8), 50)(torch.zeros(3, 2, dtype=torch.int64))[0].shape
    torch.Size([3, 2, 50])
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return neuro.TernaryLM(
            vocabulary,
            size=settings.width,
            layers=settings.layers,
            hidden=settings.hidden_units,
            spiking=settings.spiking,
        )


def learn(settings: Settings, parts: Parts) -> Learned:
    """Train on random windows; a run that was stopped goes on from its last checkpoint."""
    return _language_study.study(settings, parts, build)
