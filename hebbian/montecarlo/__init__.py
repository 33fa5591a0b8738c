"""Monte Carlo of associative memories in pattern space, with errors that can be believed."""

from axonal.hebbian.montecarlo import statistics
from axonal.hebbian.montecarlo._hopfield import hopfield
from axonal.hebbian.montecarlo._measurement import Measurement

__all__ = ["Measurement", "hopfield", "statistics"]
