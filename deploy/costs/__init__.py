"""What running a graph on a chip costs: counts, and an estimate of energy."""

from axonal.deploy.costs._constants import Cost, constants
from axonal.deploy.costs._energy import energy
from axonal.deploy.costs._estimate import EnergyEstimate, Part
from axonal.deploy.costs._figure import plot_energy
from axonal.deploy.costs._sanafe import SanafeFigure

__all__ = [
    "Cost",
    "EnergyEstimate",
    "Part",
    "SanafeFigure",
    "constants",
    "energy",
    "plot_energy",
]
