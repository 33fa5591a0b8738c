"""Costs of a graph on a chip: counts, and an estimate of energy."""

from axonal.deploy.chips import Cost
from axonal.deploy.energy_model.constants_of_chip import constants
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
