"""Runs of a recipe whose delays are learned by another kernel, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from axonal import neuro
from axonal._base.sweeps import Row
from axonal.recipes._runs import Run

FIXED, NONE = "fixed", "none"


@dataclass(frozen=True)
class KernelRun(Run):
    """A run of a recipe that has no setting for the kernel of its delays.

    Args:
        recipe: name of the recipe.
        changes: settings that differ from those of the recipe.
        kernel: of :class:`axonal.neuro.DelayedLinear`; or "fixed" (random whole delays that stay,
            those that the learned ones begin with) or "none" (all delays are zero).
    """

    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    kernel: str = "gaussian"

    @property
    def identity(self) -> list[Any]:
        """The recipe, its settings and the kernel."""
        return [*super().identity, self.kernel]

    def build(self) -> neuro.Network:
        """The untrained network: weights and delays are those of the recipe."""
        net = super().build()
        for layer in net.modules():
            if isinstance(layer, neuro.DelayedLinear):
                learn_by(layer, self.kernel)
        return net

    def measure(self) -> Row:
        """Train the network and measure it."""
        return super().measure() | {"kernel": self.kernel}


def learn_by(layer: neuro.DelayedLinear, kernel: str) -> None:
    """Have the delays of a layer learned by ``kernel``, or fixed."""
    if kernel == NONE:
        layer.set_delays(torch.zeros_like(layer.position))
    if kernel in (FIXED, NONE):
        layer.freeze_delays()
    else:
        layer.kernel = kernel
        layer.set_sigma(layer.max_delay / 2 + layer.sigma_offset)
