"""Language models of spiking RWKV blocks (SpikeGPT), small enough for a laptop, on any text.

The model is that of Zhu et al., TMLR 2024 (arXiv 2302.13939), made small.
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
        spiking: whether there are LIF neurons; without them it is RWKV.
        binary: whether the embedding is bits.
        official: begin with orthogonal weights, as the published code does by accident.

    >>> Settings(width=8).layers
    3
    """

    spiking: bool = True
    binary: bool = True
    official: bool = False


def build(settings: Settings, vocabulary: int) -> neuro.SpikeGPT:
    """The untrained model, the same for the same settings.

    >>> build(Settings(width=8), 50)(torch.zeros(3, 2, dtype=torch.int64))[0].shape
    torch.Size([3, 2, 50])
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return neuro.SpikeGPT(
            vocabulary,
            size=settings.width,
            layers=settings.layers,
            dropout=settings.dropout,
            spiking=settings.spiking,
            binary=settings.binary,
            official=settings.official,
        )


def learn(settings: Settings, parts: Parts) -> Learned:
    """Train on random windows; a run that was stopped goes on from its last checkpoint."""
    return _language_study.study(settings, parts, build)
