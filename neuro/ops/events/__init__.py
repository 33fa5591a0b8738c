"""Event-driven networks: work in proportion to the spikes and their fan-out, exact in float64."""

from axonal.neuro.ops.events._network import Block, EventNetwork, Events, EventState, Synapses
from axonal.neuro.ops.events._simulate import EventRun, simulate

__all__ = ["Block", "EventNetwork", "EventRun", "EventState", "Events", "Synapses", "simulate"]
