"""Criticality and quality of reservoirs, as functions of rasters, responses and states."""

from axonal.reservoirs.criticality.avalanches import Avalanches, avalanches
from axonal.reservoirs.criticality.branching_factor import branching_factor
from axonal.reservoirs.criticality.branching_ratio import BranchingRatio, branching_ratio
from axonal.reservoirs.criticality.capacity import (
    Capacity,
    information_processing_capacity,
    memory_capacity,
)
from axonal.reservoirs.criticality.power_law import PowerLaw, power_law
from axonal.reservoirs.criticality.rank import generalisation_rank, kernel_quality
from axonal.reservoirs.criticality.separation import separation
from axonal.reservoirs.criticality.timescales import Timescale, autocorrelation, timescale
from axonal.reservoirs.criticality.twins import lyapunov_from_twins

__all__ = [
    "Avalanches",
    "BranchingRatio",
    "Capacity",
    "PowerLaw",
    "Timescale",
    "autocorrelation",
    "avalanches",
    "branching_factor",
    "branching_ratio",
    "generalisation_rank",
    "information_processing_capacity",
    "kernel_quality",
    "lyapunov_from_twins",
    "memory_capacity",
    "power_law",
    "separation",
    "timescale",
]
