"""A chaotic flow: its equations, a start in its basin, and its largest Lyapunov exponent."""

from collections.abc import Callable
from dataclasses import dataclass

from axonal._base.array_types import AnyArray

Flow = Callable[[AnyArray], AnyArray]
"""dx/dt of states [D, ...]; it holds for complex numbers, too, from which derivatives are made."""


@dataclass(frozen=True)
class System:
    """Autonomous ordinary differential equations dx/dt = f(x) with a strange attractor.

    Args:
        flow: f, from states [D, ...] to as many velocities. It consists of analytic functions, so
            that f(x + i h v) / h has the derivative along v as its imaginary part.
        start: D numbers from which the attractor is reached.
        exponent: largest Lyapunov exponent, 1 / time, as `lyapunov_exponent` computes it.
        source: publication of the equations.

    >>> from axonal.reservoirs.series import SYSTEMS
    >>> SYSTEMS["lorenz"].dimension, SYSTEMS["lorenz"].source
    (3, 'Lorenz, J. Atmos. Sci. 20, 130 (1963)')
    """

    flow: Flow
    start: tuple[float, ...]
    exponent: float
    source: str

    @property
    def dimension(self) -> int:
        """Number D of variables."""
        return len(self.start)

    @property
    def lyapunov_time(self) -> float:
        """Time over which a small error grows by the factor e."""
        return 1 / self.exponent
