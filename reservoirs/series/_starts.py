"""Systems by name, and starts near the one that is known to lead to the attractor."""

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.reservoirs.series.system import System
from axonal.reservoirs.series.systems import SYSTEMS

SPREAD = 1e-3
"""Of starts around the known one: small enough for its basin, and nothing of it is left later."""


def find(who: str, system: System | str) -> System:
    """The system itself, or that of a name."""
    if isinstance(system, System):
        return system
    if system not in SYSTEMS:
        raise ValueError(f"{who} knows the systems {', '.join(SYSTEMS)}; got {system!r}.")
    return SYSTEMS[system]


def starts(system: System, count: int, generator: np.random.Generator) -> Float64Array:
    """States [D, count] near the known start."""
    start = np.array(system.start)
    scale = SPREAD * max(1.0, float(np.abs(start).max()))
    return start[:, None] + scale * generator.standard_normal((len(start), count))
