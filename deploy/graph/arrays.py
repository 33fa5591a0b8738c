"""Arrays that a graph holds: read as numbers, and kept as they were checked."""

import numpy as np

from axonal._base.array_types import AnyArray, Float64Array
from axonal.deploy.graph.errors import GraphError


def floats(values: object, label: str) -> Float64Array:
    """Return float64, or refuse what is no array of real numbers."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise GraphError(f"{label} takes real numbers, got {array.dtype}")
    return array.astype(np.float64, copy=False)


def read_only(array: AnyArray) -> AnyArray:
    """Return a view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def freeze(owner: object, name: str, array: AnyArray) -> None:
    """Put an array into a field of a frozen dataclass."""
    # A graph was checked when it was made; a view costs nothing and keeps it as it was checked.
    object.__setattr__(owner, name, read_only(array))
