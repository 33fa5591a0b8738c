"""Neurons and synapses onto the cores of a chip."""

from axonal.deploy.chips import CoreLimits
from axonal.deploy.placement.constraints import PlacementError
from axonal.deploy.placement.core_limits import limits
from axonal.deploy.placement.floor_plan import plot_floor_plan
from axonal.deploy.placement.place_graph import place
from axonal.deploy.placement.placement import Placement

__all__ = ["CoreLimits", "Placement", "PlacementError", "limits", "place", "plot_floor_plan"]
