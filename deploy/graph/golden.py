"""The golden run: what the trained network itself did, for every back end to be held to."""

from dataclasses import dataclass, field

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array
from axonal.deploy.graph.arrays import floats, read_only
from axonal.deploy.graph.errors import GraphError


@dataclass(frozen=True, eq=False)
class Golden:
    """Inputs with the spikes and readouts that the trained network itself gave on them.

    Args:
        inputs: for every input population, the events `[T, B, N]`.
        spikes: for every population that fires, its raster, bool `[T, B, N]`.
        readout: for every output that is an integrator, its membrane `[T, B, N]`.
        seed: seed of the inputs, if they were drawn.
        payload: for every graded population, what its events carry, 0 without one, `[T, B, N]`.

    Raises:
        GraphError: an array cannot be read as numbers.

    >>> Golden({"in": np.ones((5, 2, 3))}, {"out": np.zeros((5, 2, 1), bool)}, {}, seed=0).steps
    5
    """

    inputs: dict[str, Float64Array]
    spikes: dict[str, BoolArray]
    readout: dict[str, Float64Array]
    seed: int | None = None
    payload: dict[str, Float64Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in ("inputs", "readout", "payload"):
            values = getattr(self, part)
            arrays = {k: floats(x, f"golden {part} {k!r}") for k, x in values.items()}
            object.__setattr__(self, part, {k: read_only(x) for k, x in arrays.items()})
        spikes = {k: np.asarray(x) for k, x in self.spikes.items()}
        for name, raster in spikes.items():
            if raster.dtype != np.bool_:
                raise GraphError(f"golden spikes {name!r} take a bool raster, got {raster.dtype}")
        object.__setattr__(self, "spikes", {k: read_only(x) for k, x in spikes.items()})

    @property
    def steps(self) -> int:
        """Number of steps T."""
        return int(next(iter(self.inputs.values())).shape[0])

    @property
    def samples(self) -> int:
        """Number of samples B."""
        return int(next(iter(self.inputs.values())).shape[1])
