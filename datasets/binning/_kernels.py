"""The compiled loops, or their definition where numba is not installed."""

import functools
from typing import Any


@functools.cache
def kernels() -> Any:
    """The module of kernels: ``cpu``, or ``reference`` in its place."""
    try:
        from axonal.datasets.binning import cpu
    except ImportError:
        from axonal.datasets.binning import reference

        return reference
    return cpu
