"""Layers whose spikes are lists of times, with exact gradients."""

from axonal.neuro.event_driven.event_lif import EventLIF
from axonal.neuro.event_driven.event_network import EventNetwork
from axonal.neuro.event_driven.event_readout import EventReadout
from axonal.neuro.event_driven.silent_neurons import SilentNeurons

__all__ = ["EventLIF", "EventNetwork", "EventReadout", "SilentNeurons"]
