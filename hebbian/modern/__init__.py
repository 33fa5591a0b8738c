"""Modern Hopfield memories: retrieval, energy and fixed points, and layers made of them.

Batch first, ``[B, S, D]``, since nothing here is a time series: S counts patterns.
"""

from axonal.hebbian.modern._attention import HopfieldAttention
from axonal.hebbian.modern._layer import HopfieldLayer
from axonal.hebbian.modern._pooling import HopfieldPooling
from axonal.hebbian.modern._regime import (
    BetaRange,
    FixedPoint,
    Regime,
    beta_range,
    pattern_count,
    regime,
    separation,
)
from axonal.hebbian.modern._retrieve import energy, retrieve

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
