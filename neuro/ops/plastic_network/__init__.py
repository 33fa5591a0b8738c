"""Event-driven networks that learn as they run: work in proportion to spikes and their synapses."""

from axonal.neuro.ops.plastic_network._network import PlasticNetwork
from axonal.neuro.ops.plastic_network._plasticity import Plasticity, Step, unmodulated
from axonal.neuro.ops.plastic_network._simulate import PlasticRun, simulate
from axonal.neuro.ops.plastic_network._state import PlasticState

__all__ = [
    "PlasticNetwork",
    "PlasticRun",
    "PlasticState",
    "Plasticity",
    "Step",
    "simulate",
    "unmodulated",
]
