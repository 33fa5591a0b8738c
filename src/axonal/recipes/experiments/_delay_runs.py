"""Runs of a recipe whose delays are learned by another kernel, or not at all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from axonal import neuro
from axonal.recipes.experiments._runs import Row, Run, perform

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
    def key(self) -> str:
        """What two runs share only if their recipe, settings and kernel are equal."""
        text = json.dumps([self.recipe, self.settings.to_json(), self.kernel], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def build(self) -> neuro.Network:
        """The untrained network: weights and delays are those of the recipe."""
        net = super().build()
        for layer in net.modules():
            if isinstance(layer, neuro.DelayedLinear):
                learn_by(layer, self.kernel)
        return net

    def make(self, commit: str | None) -> Row:
        """Train the network and measure it."""
        return perform(self, commit) | {"kernel": self.kernel}


def learn_by(layer: neuro.DelayedLinear, kernel: str) -> None:
    """Have the delays of a layer learned by ``kernel``, or fixed."""
    if kernel == NONE:
        layer.set_delays(torch.zeros_like(layer.position))
    if kernel in (FIXED, NONE):
        layer.freeze_delays()
    else:
        layer.kernel = kernel
        layer.set_sigma(layer.max_delay / 2 + layer.sigma_offset)
