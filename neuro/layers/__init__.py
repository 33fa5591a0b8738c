"""Layers: neurons, connections and what goes between them."""

from axonal.neuro.layers._layer import Cell, Layer, detach
from axonal.neuro.layers.delayed import DelayedLinear, DelayedLinearState
from axonal.neuro.layers.lif import LIF, LeakyIntegrator, LeakyIntegratorState, LIFState
from axonal.neuro.layers.stateless import BatchNorm, Conv2d, Dropout, Lift, Linear

__all__ = [
    "LIF", "BatchNorm", "Cell", "Conv2d", "DelayedLinear", "DelayedLinearState", "Dropout",
    "LIFState", "Layer", "LeakyIntegrator", "LeakyIntegratorState", "Lift", "Linear", "detach",
]  # fmt: skip
