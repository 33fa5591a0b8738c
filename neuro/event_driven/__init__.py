"""Layers whose spikes are lists of times, with exact gradients."""

from axonal.neuro.event_driven._engines import ENGINES
from axonal.neuro.event_driven.event_lif import EventLIF
from axonal.neuro.event_driven.event_network import EventNetwork
from axonal.neuro.event_driven.event_readout import EventReadout
from axonal.neuro.event_driven.event_report import EventReport, event_report
from axonal.neuro.event_driven.silent_neurons import SilentNeurons

__all__ = [
    "ENGINES",
    "EventLIF",
    "EventNetwork",
    "EventReadout",
    "EventReport",
    "SilentNeurons",
    "event_report",
]
