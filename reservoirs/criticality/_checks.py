"""Checks of rasters, counts and states."""

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array, Int64Array


def matrix(who: str, name: str, values: ArrayLike, shape: str) -> Float64Array:
    """Finite numbers in two dimensions, none of them empty."""
    found = np.asarray(values)
    if found.dtype.kind not in "biuf" or found.ndim != 2 or not found.size:
        raise ValueError(
            f"{who} expects {name} {shape} of real numbers, got {found.shape} of {found.dtype}."
        )
    found = found.astype(np.float64)
    if not np.isfinite(found).all():
        raise ValueError(f"{who} expects finite {name}, got NaN or infinity.")
    return found


def counts(who: str, name: str, values: ArrayLike, shape: str) -> Float64Array:
    """A matrix of numbers of spikes, which are not negative."""
    found = matrix(who, name, values, shape)
    if found.min() < 0:
        raise ValueError(f"{who} expects numbers of spikes >= 0 in {name}, got {found.min():g}.")
    return found


def activity(who: str, values: ArrayLike) -> Float64Array:
    """Spikes per step [T], from as many or from a raster [T, N]."""
    found = np.asarray(values)
    if found.ndim == 1:
        found = found[:, None]
    total: Float64Array = counts(who, "activity", found, "[T] or a raster [T, N]").sum(1)
    return total


def neurons(who: str, name: str, values: ArrayLike, size: int) -> Int64Array:
    """Numbers of neurons [E], each below the size of the network."""
    found = np.asarray(values)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise ValueError(
            f"{who} expects {name} [E] of whole numbers, got {found.shape} of {found.dtype}."
        )
    if found.size and not 0 <= found.min() <= found.max() < size:
        raise ValueError(
            f"{who} expects {name} from 0 to {size - 1}, the neurons of the raster, got"
            f" {found.min()} to {found.max()}."
        )
    return found.astype(np.int64)
