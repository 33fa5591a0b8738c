"""Input checks of the encoders: one line that says what came and what to write instead."""

import operator

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def positive_steps(steps: int, who: str) -> int:
    """Return steps as an int, refuse fractions and anything below one."""
    try:
        whole = operator.index(steps)
    except TypeError:
        raise TypeError(
            f"{who} expects steps as a whole number, got {steps!r}. Time is counted in steps: "
            "divide the duration by dt and round."
        ) from None
    if whole < 1:
        raise ValueError(f"{who} expects steps >= 1, got {whole}. Write for example steps=16.")
    return whole


def positive_number(value: float, name: str, who: str) -> float:
    """Return value as a float, refuse what is not a finite number above zero."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{who} expects {name} as one number, got {value!r}.") from None
    if not np.isfinite(number) or number <= 0:
        raise ValueError(f"{who} expects {name} to be a finite number above 0, got {value!r}.")
    return number


def real_array(values: npt.ArrayLike, who: str, axes: str, ndim: int) -> FloatArray:
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


def intensities(values: npt.ArrayLike, maximum: float, who: str) -> FloatArray:
    """Return values / maximum in [0, 1] as float64 [..., N]."""
    maximum = positive_number(maximum, "maximum", who)
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
