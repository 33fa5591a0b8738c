"""Layers: neurons, connections and what goes between them."""

from axonal.neuro.layers._layer import Cell, Layer, detach
from axonal.neuro.layers.alif import ALIF, ALIFState
from axonal.neuro.layers.cubalif import CuBaLIF, CuBaLIFState
from axonal.neuro.layers.delayed_linear import DelayedLinear, DelayedLinearState
from axonal.neuro.layers.graded_lif import GradedLIF
from axonal.neuro.layers.if_ import IF
from axonal.neuro.layers.lif import LIF, LeakyIntegrator, LeakyIntegratorState, LIFState
from axonal.neuro.layers.lift import BatchNorm, Conv2d, Dropout, Lift, Linear
from axonal.neuro.layers.plif import PLIF
from axonal.neuro.layers.resonate_and_fire import ResonateAndFire, ResonateAndFireState

__all__ = [
    "ALIF", "IF", "LIF", "PLIF", "ALIFState", "BatchNorm", "Cell", "Conv2d", "CuBaLIF",
    "CuBaLIFState", "DelayedLinear", "DelayedLinearState", "Dropout", "GradedLIF", "LIFState",
    "Layer", "LeakyIntegrator", "LeakyIntegratorState", "Lift", "Linear", "ResonateAndFire",
    "ResonateAndFireState", "detach",
]  # fmt: skip
