"""Monte Carlo of associative memories in pattern space, with errors that can be believed."""

from axonal.hebbian.montecarlo import statistics
from axonal.hebbian.montecarlo._dense import dense
from axonal.hebbian.montecarlo._exponential import Retrieval, exponential
from axonal.hebbian.montecarlo._hopfield import hopfield
from axonal.hebbian.montecarlo._measurement import Measurement
from axonal.hebbian.montecarlo._multitasking import multitasking, multitasking_archetypes

__all__ = [
    "Measurement",
    "Retrieval",
    "dense",
    "exponential",
    "hopfield",
    "multitasking",
    "multitasking_archetypes",
    "statistics",
]
