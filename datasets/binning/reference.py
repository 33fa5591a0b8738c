"""The definition of binning in plain numpy; every faster loop equals it."""

import numpy as np

from axonal._base.array_types import AnyArray, Float32Array, Int64Array
from axonal.datasets.events.encoding import LowTimes, decode


def cut(
    low: LowTimes,
    boundaries: Int64Array,
    first_period: Int64Array,
    chosen: Int64Array,
    start: int,
    step: int,
    cuts: Int64Array,
    begin: int,
    end: int,
) -> None:
    """Index of the first event of every step of the chosen samples, the last edge closed."""
    edges = start + step * np.arange(cuts.shape[1])
    edges[-1] += 1
    for b in range(begin, end):
        first, last = first_period[chosen[b] : chosen[b] + 2]
        bounds = boundaries[first : last + 1]
        times = decode(low[bounds[0] : bounds[-1]], bounds)
        cuts[b] = bounds[0] + np.searchsorted(times, edges)


def count(
    addresses: AnyArray,
    cuts: Int64Array,
    channels: int,
    most: float,
    out: AnyArray,
    saturated: Int64Array,
    begin: int,
    end: int,
) -> int:
    """Events per cell up to ``most``; returns how many lie outside the sensor."""
    strangers = 0
    for b in range(begin, end):
        saturated[b] = 0
        for k in range(len(out)):
            found = addresses[cuts[b, k] : cuts[b, k + 1]]
            inside = found[found < channels]
            full = np.bincount(inside, minlength=channels)
            out[k, b] = np.minimum(full, most)
            saturated[b] += np.maximum(full - int(most), 0).sum()
            strangers += len(found) - len(inside)
    return strangers


def mark(
    addresses: AnyArray,
    cuts: Int64Array,
    channels: int,
    out: AnyArray,
    merged: Int64Array,
    begin: int,
    end: int,
) -> int:
    """1 for every cell with an event; returns how many lie outside the sensor."""
    strangers = 0
    for b in range(begin, end):
        merged[b] = 0
        for k in range(len(out)):
            found = addresses[cuts[b, k] : cuts[b, k + 1]]
            inside = found[found < channels]
            out[k, b] = np.bincount(inside, minlength=channels) > 0
            merged[b] += len(inside) - int(out[k, b].sum())
            strangers += len(found) - len(inside)
    return strangers


def pack(
    addresses: AnyArray,
    cuts: Int64Array,
    channels: int,
    out: AnyArray,
    merged: Int64Array,
    begin: int,
    end: int,
) -> int:
    """`mark`, with cell c in bit c mod 8 of byte c div 8."""
    active = np.zeros((len(out), len(cuts), channels), np.uint8)
    strangers = mark(addresses, cuts, channels, active, merged, begin, end)
    out[:, begin:end] = np.packbits(active[:, begin:end], axis=-1, bitorder="little")
    return strangers


def collect(
    addresses: AnyArray,
    cuts: Int64Array,
    offsets: Int64Array,
    sensor: int,
    channels: AnyArray,
    begin: int,
    end: int,
) -> None:
    """Sorted addresses of every step and sample, steps first."""
    for place in range(begin, end):
        k, b = divmod(place, len(cuts))
        found = addresses[cuts[b, k] : cuts[b, k + 1]]
        channels[offsets[place] : offsets[place + 1]] = np.sort(found)


def surface(
    times: Int64Array,
    addresses: AnyArray,
    cuts: Int64Array,
    start: int,
    step: int,
    tau: float,
    channels: int,
    out: Float32Array,
    b: int,
) -> int:
    """exp(-(edge - t) / tau) for the last event t of each channel up to the end of each step."""
    last = np.full(channels, -np.inf)
    strangers = 0
    for k in range(len(out)):
        part = slice(cuts[k], cuts[k + 1])
        inside = addresses[part] < channels
        np.maximum.at(last, addresses[part][inside], times[part][inside])
        out[k, b] = np.exp(-(start + (k + 1) * step - last) / tau)
        strangers += int((~inside).sum())
    return strangers


def voxel(
    times: Int64Array,
    addresses: AnyArray,
    cuts: Int64Array,
    start: int,
    scale: float,
    pixels: int,
    channels: int,
    out: Float32Array,
    b: int,
) -> int:
    """Polarity times max(0, 1 - abs(k - place)), summed over events, for node k."""
    part = slice(cuts[0], cuts[-1])
    inside = addresses[part] < channels
    a = addresses[part][inside].astype(np.int64)
    place = (times[part][inside] - start) * scale
    sign = np.where((a < pixels) & (channels > pixels), -1.0, 1.0)
    total = np.zeros((len(out), pixels))
    for k in range(len(out)):
        np.add.at(total[k], a % pixels, sign * np.maximum(0, 1 - np.abs(k - place)))
    out[:, b] = total
    return int((~inside).sum())
