"""Event graphs of trained networks: stored, run exactly, and compared cell by cell."""

from axonal.deploy._check import GraphError
from axonal.deploy._example import example
from axonal.deploy._export import ExportError, export
from axonal.deploy._findings import Comparison, Divergence, Verification
from axonal.deploy._finetune import QuantizedNetwork, fake_quantize
from axonal.deploy._process import BackendError
from axonal.deploy._pynn import pynn_script
from axonal.deploy._quantize import QuantizeError, quantization_table, quantize
from axonal.deploy._readout import classify, score
from axonal.deploy._retime import RetimeError, retime
from axonal.deploy._run import RangeWarning, Run, Spikes, run
from axonal.deploy._stream import Stream, StreamStep
from axonal.deploy._verify import verify
from axonal.deploy.costs import EnergyEstimate, energy, plot_energy
from axonal.deploy.exchange import NIRError, from_nir, to_nir
from axonal.deploy.graph import EventGraph, Golden, Population, Projection
from axonal.deploy.placement import CoreLimits, Placement, PlacementError, place, plot_floor_plan

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
    "from_nir",
    "place",
    "plot_energy",
    "plot_floor_plan",
    "pynn_script",
    "quantization_table",
    "quantize",
    "retime",
    "run",
    "score",
    "to_nir",
    "verify",
]
