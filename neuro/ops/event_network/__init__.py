"""Event-driven networks: work in proportion to the spikes and their fan-out, exact in float64."""

from axonal.neuro.ops.event_network._block import THIRD, Block, Kind, Reset
from axonal.neuro.ops.event_network._events import Events, EventState
from axonal.neuro.ops.event_network._memory_estimate import index_type, network_bytes, state_bytes
from axonal.neuro.ops.event_network._network import EventNetwork, is_single
from axonal.neuro.ops.event_network._simulate import EventRun, simulate
from axonal.neuro.ops.event_network._synapses import Synapses

__all__ = [
    "THIRD",
    "Block",
    "EventNetwork",
    "EventRun",
    "EventState",
    "Events",
    "Kind",
    "Reset",
    "Synapses",
    "index_type",
    "is_single",
    "network_bytes",
    "simulate",
    "state_bytes",
]
