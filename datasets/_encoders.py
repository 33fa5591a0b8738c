"""Encoders: real numbers in, spikes or spike times out."""

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float32Array, Int64Array
from axonal._base.checks import number
from axonal.datasets._checks import intensities, positive_steps, real_array

SILENT = -1  # the time of a neuron that never spikes
LARGEST_COUNT = 2**24  # above it float32 skips whole numbers


def latency(values: npt.ArrayLike, steps: int, *, maximum: float = 1.0) -> Int64Array:
    """Time of the first spike of each value: the larger the value, the earlier the spike.

    t = round((1 - v / maximum) * (steps - 1)), half to even; v = 0 never spikes (t = -1).

    Args:
        values: real numbers ``[..., N]`` in [0, maximum].
        steps: length of the window in steps, at least 1.
        maximum: the value that spikes at step 0, above 0.

    Returns:
        Spike times ``[..., N]`` in steps, from 0 to steps - 1, or -1 for no spike.

    Raises:
        ValueError: NaN, a negative value, a value above maximum, no axis, steps < 1.
        TypeError: values that are no real numbers, steps that is no whole number.

    >>> from axonal.datasets import latency
    >>> latency([0.0, 0.1, 0.5, 1.0], steps=11).tolist()
    [-1, 9, 5, 0]
    """
    steps = positive_steps(steps, "latency")
    level = intensities(values, maximum, "latency")
    times = np.rint((1.0 - level) * (steps - 1)).astype(np.int64)
    times[level == 0] = SILENT
    return times


def rate(
    values: npt.ArrayLike, steps: int, *, rng: np.random.Generator, maximum: float = 1.0
) -> Float32Array:
    """Independent spikes at every step, with a probability proportional to the value.

    P(s_t = 1) = v / maximum, independent for every step and neuron.

    Args:
        values: real numbers ``[..., N]`` in [0, maximum].
        steps: number of steps T, at least 1.
        rng: the source of randomness, for example ``numpy.random.default_rng(0)``.
        maximum: the value that spikes at every step, above 0.

    Returns:
        Spikes ``[T, ..., N]``, 0 or 1, float32.

    Raises:
        ValueError: NaN, a negative value, a value above maximum, no axis, steps < 1.
        TypeError: rng that is no Generator (a bare seed, say), values that are no real numbers.

    >>> import numpy as np
    >>> from axonal.datasets import rate
    >>> rate([0.0, 1.0], steps=2, rng=np.random.default_rng(0)).tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """
    steps = positive_steps(steps, "rate")
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rate expects rng as a numpy Generator, got {rng!r}. "
            "Write rng=numpy.random.default_rng(seed)."
        )
    level = intensities(values, maximum, "rate")
    return (rng.random((steps, *level.shape)) < level).astype(np.float32)


def delta(signal: npt.ArrayLike, threshold: float, *, binary: bool = False) -> Float32Array:
    """Send-on-delta: a spike for every threshold by which a signal left its last sent level.

    With the level L_0 = x_0 and c_t = trunc((x_t - L_{t-1}) / threshold):
    ON_t = max(c_t, 0), OFF_t = max(-c_t, 0), L_t = L_{t-1} + c_t * threshold. So
    x_t - x_0 differs from (sum ON - sum OFF) * threshold by less than one threshold, and
    spikes at t depend on the signal up to t only.

    Neurons of chips send one spike a step, and most back ends refuse counts above 1. With
    ``binary``, c_t is -1, 0 or 1: the level follows by one threshold per step, and what a steeper
    signal is ahead of it is sent in the steps after, not lost unless the signal ends.

    Args:
        signal: real numbers ``[T, ..., N]``, T >= 1, any unit.
        threshold: step of the level, above 0, in the unit of the signal.
        binary: at most one spike per step and channel.

    Returns:
        Spikes or counts ``[T, ..., 2 N]``, float32: the N ON channels, then the N OFF channels.

    Raises:
        ValueError: NaN, fewer than two axes, T = 0, a threshold that is not above 0 or so small
            that a count has no exact float32.
        TypeError: a signal that holds no real numbers.

    >>> from axonal.datasets import delta
    >>> delta([[0.0], [1.2], [0.4]], threshold=0.5).tolist()
    [[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]
    >>> delta([[0.0], [1.2], [1.2]], threshold=0.5, binary=True).tolist()
    [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]]
    """
    threshold = number("delta", "threshold", threshold, 0, open_low=True)
    x = real_array(signal, "delta", "[T, ..., N]", 2)
    if x.shape[0] == 0:
        raise ValueError(f"delta expects T >= 1 steps, got shape {x.shape}.")
    # Whole thresholds since the start: the level is then x_0 + sent * threshold at every step,
    # and no rounding adds up over long signals.
    distance = (x - x[0]) / threshold
    if distance.size and np.abs(distance).max() >= LARGEST_COUNT // 2:
        raise ValueError(
            f"delta expects a threshold that the signal crosses fewer than {LARGEST_COUNT // 2} "
            f"times, got threshold = {threshold:g} for a range of {np.ptp(x):g}. Write a larger "
            "threshold."
        )
    sent = np.zeros(x.shape[1:])
    spikes = np.empty((*x.shape[:-1], 2 * x.shape[-1]), dtype=np.float32)
    for t, d in enumerate(distance):
        crossings = np.trunc(d - sent)
        if binary:
            crossings = np.clip(crossings, -1, 1)
        sent += crossings
        spikes[t] = np.concatenate([np.maximum(crossings, 0), np.maximum(-crossings, 0)], axis=-1)
    return spikes


def to_dense(times: npt.ArrayLike, steps: int) -> Float32Array:
    """Spike times as a raster.

    s_t = 1 where t is the time of the neuron, else 0.

    Args:
        times: whole numbers ``[..., N]`` from 0 to steps - 1, or -1 for no spike.
        steps: number of steps T, at least 1.

    Returns:
        Spikes ``[T, ..., N]``, 0 or 1, float32.

    Raises:
        ValueError: a time outside the window, no axis, steps < 1.
        TypeError: times that are no whole numbers.

    >>> from axonal.datasets import to_dense
    >>> to_dense([1, -1, 0], steps=2).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    steps = positive_steps(steps, "to_dense")
    array = np.asarray(times)
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"to_dense expects whole numbers [..., N], got an array of {array.dtype}. "
            "Are these values? Write to_dense(latency(values, steps), steps)."
        )
    if array.ndim < 1:
        raise ValueError("to_dense expects times [..., N], got one number. Write [time].")
    if array.size and not (array.min() >= SILENT and array.max() < steps):
        raise ValueError(
            f"to_dense expects times from 0 to {steps - 1}, or -1 for no spike, got times from "
            f"{array.min()} to {array.max()}. Was the raster encoded with more steps?"
        )
    clock = np.arange(steps).reshape(steps, *(1,) * array.ndim)
    raster: Float32Array = (clock == array).astype(np.float32)
    return raster
