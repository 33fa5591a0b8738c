"""Layers: neurons, connections and what goes between them."""

from axonal.neuro.layers._layer import Cell, Layer, detach
from axonal.neuro.layers.adaptive import ALIF, ALIFState
from axonal.neuro.layers.current_based import CuBaLIF, CuBaLIFState
from axonal.neuro.layers.delayed import DelayedLinear, DelayedLinearState
from axonal.neuro.layers.graded import GradedLIF
from axonal.neuro.layers.integrate_and_fire import IF
from axonal.neuro.layers.lif import LIF, LeakyIntegrator, LeakyIntegratorState, LIFState
from axonal.neuro.layers.parametric import PLIF
from axonal.neuro.layers.resonate import ResonateAndFire, ResonateAndFireState
from axonal.neuro.layers.stateless import BatchNorm, Conv2d, Dropout, Lift, Linear

__all__ = [
    "ALIF", "IF", "LIF", "PLIF", "ALIFState", "BatchNorm", "Cell", "Conv2d", "CuBaLIF",
    "CuBaLIFState", "DelayedLinear", "DelayedLinearState", "Dropout", "GradedLIF", "LIFState",
    "Layer", "LeakyIntegrator", "LeakyIntegratorState", "Lift", "Linear", "ResonateAndFire",
    "ResonateAndFireState", "detach",
]  # fmt: skip
