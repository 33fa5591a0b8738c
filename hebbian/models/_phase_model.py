"""A model that answers a phase diagram itself: theory on a grid, lines, and single cells."""

import abc
from typing import Any, ClassVar

import numpy as np

from axonal._base.array_types import AnyArray, Float64Array

Named = dict[str, tuple[AnyArray, str]]
"""Arrays and their meaning, by name."""


class PhaseModel(abc.ABC):
    """A model over a load and a temperature, with a theory and a simulation of both.

    :func:`phase_diagram` computes :meth:`states`, :meth:`borders`, :meth:`lines` and
    :meth:`turning_lines`, and simulates cells by :meth:`cell`.
    """

    load_name: ClassVar[str]
    """name of the axis beside T"""

    line_points: ClassVar[int] = 100
    """points of a line, on the grid's range and again on the part of it in which it lies"""

    @property
    @abc.abstractmethod
    def quantities(self) -> tuple[str, ...]:
        """Names of the numbers of a simulated cell; the last is finite in every cell."""

    @abc.abstractmethod
    def states(self, load: Float64Array, T: Float64Array) -> Named:
        """Theory of every point of a grid: arrays [L, T] or [L, T, K], among them the phase."""

    @abc.abstractmethod
    def lines(self, load: Float64Array) -> Named:
        """Temperatures [P] of the lines between phases, at loads [P]."""

    @abc.abstractmethod
    def cell(self, load: float, T: float, seed: int, settings: dict[str, Any]) -> list[float]:
        """Simulation of one point: a number for each of :attr:`quantities`.

        Args:
            load: of the point.
            T: temperature.
            seed: of all its random numbers.
            settings: of :meth:`simulate`.
        """

    def line_loads(self, load: Float64Array) -> Float64Array:
        """Loads [P] at which :meth:`lines` are evaluated, for the loads of a grid."""
        return np.linspace(load.min(), load.max(), self.line_points)

    def line_temperatures(self) -> Float64Array:
        """Temperatures [Q] at which :meth:`turning_lines` are evaluated; none by default."""
        return np.empty(0)

    def turning_lines(self, T: Float64Array) -> Named:
        """Loads [Q] of lines that pass one load at two temperatures; none by default."""
        return {}

    def borders(self, load: Float64Array, T: Float64Array, phase: AnyArray) -> Named:
        """Places between neighbours of a grid at which the phase changes; none by default.

        ``border_T`` [L, T - 1] between temperatures, ``border_load`` [L - 1, T] between loads, nan
        where both neighbours have one phase: for phases that no line separates.
        """
        return {}

    def check_size(self, N: int) -> None:
        """Refuse a number of sites that no cell can be simulated with; none by default.

        Raises:
            ValueError: if there is one.
        """
        return
