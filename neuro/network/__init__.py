"""Networks: the graph of a user's ``forward``, its runs, recordings and reports."""

from axonal.neuro.network._tracer import NetworkError
from axonal.neuro.network.decision import Decision
from axonal.neuro.network.network import Network
from axonal.neuro.network.recording import record
from axonal.neuro.network.recurrent import Recurrent, RecurrentState
from axonal.neuro.network.report import LayerReport, SpikeReport, spike_report
from axonal.neuro.network.running_readout import RunningReadout
from axonal.neuro.network.sequential import Sequential
from axonal.neuro.network.streamer import Streamer

__all__ = [
    "Decision", "LayerReport", "Network", "NetworkError", "Recurrent", "RecurrentState",
    "RunningReadout", "Sequential", "SpikeReport", "Streamer", "record", "spike_report",
]  # fmt: skip
