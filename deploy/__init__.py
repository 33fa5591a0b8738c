"""Event graphs of trained networks: stored, run exactly, and compared cell by cell."""

from axonal.deploy.backends._pynn import pynn_script
from axonal.deploy.chips import CoreLimits
from axonal.deploy.energy_model import EnergyEstimate, energy, plot_energy
from axonal.deploy.executor.process import BackendError
from axonal.deploy.executor.run import Run
from axonal.deploy.executor.spikes import Spikes
from axonal.deploy.exporting.export import ExportError, export
from axonal.deploy.graph import EventGraph, Golden, GraphError, Population, Projection
from axonal.deploy.graph.example import example
from axonal.deploy.graph.retiming import RetimeError, retime
from axonal.deploy.netx import NetxError, from_netx, to_netx
from axonal.deploy.nir import NIRError, from_nir, to_nir
from axonal.deploy.onnx import ONNXError, to_onnx
from axonal.deploy.placement import Placement, PlacementError, place, plot_floor_plan
from axonal.deploy.quantization.quantize import QuantizeError, quantization_table, quantize
from axonal.deploy.quantization.quantized_network import QuantizedNetwork, fake_quantize
from axonal.deploy.running.comparison import Comparison
from axonal.deploy.running.divergence import Divergence
from axonal.deploy.running.operations import Operations, operations
from axonal.deploy.running.readout import classify, score
from axonal.deploy.running.run import RangeWarning, run
from axonal.deploy.running.stream import Stream, StreamStep
from axonal.deploy.running.verification import Verification
from axonal.deploy.running.verify import verify
from axonal.deploy.viewer import write_page

__all__ = [
    "BackendError",
    "Comparison",
    "CoreLimits",
    "Divergence",
    "EnergyEstimate",
    "EventGraph",
    "ExportError",
    "Golden",
    "GraphError",
    "NIRError",
    "NetxError",
    "ONNXError",
    "Operations",
    "Placement",
    "PlacementError",
    "Population",
    "Projection",
    "QuantizeError",
    "QuantizedNetwork",
    "RangeWarning",
    "RetimeError",
    "Run",
    "Spikes",
    "Stream",
    "StreamStep",
    "Verification",
    "classify",
    "energy",
    "example",
    "export",
    "fake_quantize",
    "from_netx",
    "from_nir",
    "operations",
    "place",
    "plot_energy",
    "plot_floor_plan",
    "pynn_script",
    "quantization_table",
    "quantize",
    "retime",
    "run",
    "score",
    "to_netx",
    "to_nir",
    "to_onnx",
    "verify",
    "write_page",
]
