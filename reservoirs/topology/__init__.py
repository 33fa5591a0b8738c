"""Wirings: neurons on grids, random and small-world graphs, and their spectral radius."""

from axonal.reservoirs.topology.grid import MAASS, grid
from axonal.reservoirs.topology.picture import plot_wiring
from axonal.reservoirs.topology.random_graph import random_graph, random_inputs
from axonal.reservoirs.topology.small_world import small_world
from axonal.reservoirs.topology.spectral import scale_to_radius, spectral_radius
from axonal.reservoirs.topology.wiring import InputWiring, Wiring

__all__ = [
    "MAASS",
    "InputWiring",
    "Wiring",
    "grid",
    "plot_wiring",
    "random_graph",
    "random_inputs",
    "scale_to_radius",
    "small_world",
    "spectral_radius",
]
