"""Associative memories: modern Hopfield memories as functions and layers.

>>> import torch
>>> from axonal import hebbian
>>> hebbian.retrieve(torch.tensor([0.9, -0.2]), torch.eye(2), beta=500.0)
tensor([1., 0.])
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from axonal.hebbian.modern import (
        BetaRange,
        FixedPoint,
        HopfieldAttention,
        HopfieldLayer,
        HopfieldPooling,
        Regime,
        beta_range,
        energy,
        pattern_count,
        regime,
        retrieve,
        separation,
    )

__all__ = [
    "BetaRange",
    "FixedPoint",
    "HopfieldAttention",
    "HopfieldLayer",
    "HopfieldPooling",
    "Regime",
    "beta_range",
    "energy",
    "pattern_count",
    "regime",
    "retrieve",
    "separation",
]


def __getattr__(name: str) -> Any:
    # these need torch, which theory and simulation do not wait for
    if name in __all__:
        return getattr(importlib.import_module("axonal.hebbian.modern"), name)
    raise AttributeError(f"axonal.hebbian has no attribute {name!r}")
