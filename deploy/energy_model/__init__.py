"""What running a graph on a chip costs: counts, and an estimate of energy."""

from axonal.deploy.energy_model.cost import Cost, constants
from axonal.deploy.energy_model.energy_estimate import EnergyEstimate, Part
from axonal.deploy.energy_model.energy_of_run import energy
from axonal.deploy.energy_model.figure import plot_energy
from axonal.deploy.energy_model.sanafe import SanafeFigure

__all__ = [
    "Cost",
    "EnergyEstimate",
    "Part",
    "SanafeFigure",
    "constants",
    "energy",
    "plot_energy",
]
