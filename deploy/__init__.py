"""Event graphs of trained networks: stored, run exactly, and compared cell by cell."""

from axonal.deploy._check import GraphError
from axonal.deploy._example import example
from axonal.deploy._export import ExportError, export
from axonal.deploy._run import Run, Spikes, run
from axonal.deploy._verify import Comparison, Verification, verify
from axonal.deploy.graph import EventGraph, Golden, Population, Projection

__all__ = [
    "Comparison",
    "EventGraph",
    "ExportError",
    "Golden",
    "GraphError",
    "Population",
    "Projection",
    "Run",
    "Spikes",
    "Verification",
    "example",
    "export",
    "run",
    "verify",
]
