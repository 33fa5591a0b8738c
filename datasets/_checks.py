"""Input checks of data sets: one line that says what came and what to write instead."""

import operator

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import AnyArray, Float64Array, Int64Array
from axonal._base.checks import number, whole_number

LARGEST = 2**63 - 1
SECONDS = " Are they seconds? Write numpy.rint(1e6 * t).astype(numpy.int64)."


def positive_steps(steps: object, who: str) -> int:
    """Return steps as an int, refuse fractions and anything below one."""
    try:
        return whole_number(who, "steps", steps)
    except TypeError as error:
        raise TypeError(
            f"{error} Time is counted in steps: divide the duration by dt and round."
        ) from None


def sample_index(index: object, count: int, name: str) -> int:
    """Return the index of one sample, counted from the start; refuse slices and what is none."""
    try:
        found = operator.index(index)  # type: ignore[arg-type]
    except TypeError:
        # the words for a slice are those for all else that means several
        raise TypeError(
            f"{name} expects the index of one sample as a whole number, got {index!r}. For several "
            "write [data[i] for i in indices], or events.select(indices) for an EventSet."
        ) from None
    if not -count <= found < count:
        raise IndexError(
            f"{name} expects an index below {count}, its number of samples, got {found}."
        )
    return found % count


def sample_indices(indices: npt.ArrayLike, count: int, who: str, name: str) -> Int64Array:
    """Return indices of samples as int64 ``[B]``; refuse masks and what is no sample."""
    hint = " Write data[i] for one sample, numpy.flatnonzero(mask) for a mask."
    chosen = _whole(indices, who, "indices", "B", hint)
    if chosen.size and not (-count <= chosen.min() and chosen.max() < count):
        raise IndexError(
            f"{who} expects indices below {count}, the number of samples of {name}, got indices "
            f"from {chosen.min()} to {chosen.max()}."
        )
    return np.where(chosen < 0, chosen + count, chosen).astype(np.int64)


def whole_numbers(
    values: npt.ArrayLike, who: str, name: str, axis: str, hint: str = ""
) -> Int64Array:
    """Return whole numbers with one axis as int64.

    Raises:
        TypeError: other numbers, or other axes.
        ValueError: a number that int64 does not hold.
    """
    array = _whole(values, who, name, axis, hint)
    if array.dtype == np.uint64 and array.size and array.max() > LARGEST:
        raise ValueError(
            f"{who} expects {name} up to 2^63 - 1, got {array.max()}. Is it another unit, or a "
            "negative number that became one without a sign?"
        )
    return array.astype(np.int64, copy=False)


def _whole(values: npt.ArrayLike, who: str, name: str, axis: str, hint: str) -> AnyArray:
    array: AnyArray = np.asarray(values)
    if array.ndim == 1 and not array.size:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise TypeError(
            f"{who} expects {name} as whole numbers [{axis}], got {array.dtype} with shape "
            f"{array.shape}.{hint}"
        )
    return array


def real_array(values: npt.ArrayLike, who: str, axes: str, ndim: int) -> Float64Array:
    """Return values as float64 with at least ndim axes, refuse NaN and infinity."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{who} expects real numbers {axes}, got an array of {array.dtype}.")
    if array.ndim < ndim:
        raise ValueError(
            f"{who} expects an array {axes} with at least {ndim} "
            f"{'axis' if ndim == 1 else 'axes'}, got shape {array.shape}. "
            f"Add the missing axis, for example values[:, None]."
        )
    array = array.astype(np.float64)
    bad = array.size - int(np.count_nonzero(np.isfinite(array)))
    if bad:
        raise ValueError(
            f"{who} expects finite numbers, got {bad} NaN or infinite of {array.size}. "
            "Replace them first, for example with numpy.nan_to_num."
        )
    return array


def intensities(values: npt.ArrayLike, maximum: float, who: str) -> Float64Array:
    """Return values / maximum in [0, 1] as float64 [..., N]."""
    maximum = number(who, "maximum", maximum, 0, open_low=True)
    array = real_array(values, who, "[..., N]", 1)
    if array.size and array.min() < 0:
        raise ValueError(
            f"{who} expects values >= 0, got {array.min():g}. Shift them, or encode signed "
            "signals with delta(signal, threshold)."
        )
    if array.size and array.max() > maximum:
        raise ValueError(
            f"{who} expects values in [0, maximum] with maximum = {maximum:g}, got "
            f"{array.max():g}. Are these raw intensities? Write maximum={array.max():g}."
        )
    return array / maximum
