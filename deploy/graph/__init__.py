"""Event graphs: populations, projections, a golden run, their checks and their file."""

from axonal.deploy.graph.event_graph import EventGraph, Golden, Projection
from axonal.deploy.graph.population import Population

__all__ = ["EventGraph", "Golden", "Population", "Projection"]
