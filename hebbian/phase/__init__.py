"""Phase diagrams: lines and states of the theory, and Monte Carlo cells that a stop cannot lose."""

from axonal.hebbian.phase._diagram import load_phase_diagram, phase_diagram
from axonal.hebbian.phase._montecarlo import MonteCarlo
from axonal.hebbian.phase._plot import plot_phase_diagram

__all__ = ["MonteCarlo", "load_phase_diagram", "phase_diagram", "plot_phase_diagram"]
