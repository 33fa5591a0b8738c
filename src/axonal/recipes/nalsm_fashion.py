"""Clothes (Fashion-MNIST) read by a liquid that an astrocyte keeps at the activity of its input.

The network is that of Ivanov and Michmizos (2021, arXiv 2111.01760). Samples are split in the order
of the files: 50 000 for training, 10 000 for validation, 10 000 for test.
"""

from dataclasses import dataclass

from axonal.datasets import fashion_mnist
from axonal.recipes import _liquids
from axonal.recipes._study import Learned, Parts


@dataclass(frozen=True, kw_only=True)
class Settings(_liquids.Settings):
    """Settings of the recipe.

    >>> Settings(arm="static", weight=0.7).strength
    0.015
    """


def learn(settings: Settings, parts: Parts) -> Learned:
    """Let the liquid organise itself, count its spikes, and train readouts of the counts."""
    return _liquids.learn(settings, _liquids.pictures(settings, fashion_mnist), parts)
