"""Event graphs: populations, projections, a golden run, their checks and their file."""

from axonal.deploy.graph.errors import GraphError
from axonal.deploy.graph.event_graph import EventGraph
from axonal.deploy.graph.golden import Golden
from axonal.deploy.graph.population import Population
from axonal.deploy.graph.projection import Projection

__all__ = ["EventGraph", "Golden", "GraphError", "Population", "Projection"]
