"""Neurons and synapses onto the cores of a chip."""

from axonal.deploy.placement._floor_plan import plot_floor_plan
from axonal.deploy.placement._limits import CoreLimits, limits
from axonal.deploy.placement._place import place
from axonal.deploy.placement._placement import Placement
from axonal.deploy.placement._refusals import PlacementError

__all__ = ["CoreLimits", "Placement", "PlacementError", "limits", "place", "plot_floor_plan"]
