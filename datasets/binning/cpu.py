"""The loops of binning, compiled; ``reference.py`` defines what they equal.

An event whose address is outside the sensor, as a damaged file may have it, is left out and
counted: nothing is written beyond a row.
"""

import math

import numpy as np

from axonal._base.jit import kernel


@kernel
def cut(low, boundaries, first_period, chosen, start, step, cuts, begin, end):  # type: ignore[no-untyped-def]
    """Find the first event of every step, in the period in which the step begins."""
    steps = cuts.shape[1] - 1
    for b in range(begin, end):
        first, last = first_period[chosen[b]], first_period[chosen[b] + 1]
        at = boundaries[first]
        for k in range(steps + 1):
            edge = start + k * step
            if k == steps:
                edge += 1  # the last edge is closed
            period = first + (edge >> 16)
            if period >= last:
                at = boundaries[last]
            elif edge > 0:
                target = edge & 0xFFFF
                lower, upper = max(at, boundaries[period]), boundaries[period + 1]
                # steps of few events end near where they begin
                stride = 1
                while lower + stride < upper and low[lower + stride] < target:
                    lower += stride
                    stride *= 2
                upper = min(upper, lower + stride)
                while lower < upper:
                    middle = (lower + upper) >> 1
                    if low[middle] < target:
                        lower = middle + 1
                    else:
                        upper = middle
                at = lower
            cuts[b, k] = at


@kernel
def count(addresses, cuts, channels, most, out, saturated, begin, end):  # type: ignore[no-untyped-def]
    """Count events per cell up to `most`; returns how many lie outside the sensor."""
    strangers = 0
    for b in range(begin, end):
        lost = 0
        for k in range(out.shape[0]):
            row = out[k, b]
            row[:] = 0
            for event in range(cuts[b, k], cuts[b, k + 1]):
                a = addresses[event]
                if a < channels:
                    n = row[a]
                    if n < most:
                        row[a] = n + 1
                    else:
                        lost += 1
                else:
                    strangers += 1
        saturated[b] = lost
    return strangers


@kernel
def mark(addresses, cuts, channels, out, merged, begin, end):  # type: ignore[no-untyped-def]
    """Set cells with an event to 1; returns how many lie outside the sensor.

    `pack` with a shift of 0 would do the same, in half as much time again.
    """
    strangers = 0
    for b in range(begin, end):
        again = 0
        for k in range(out.shape[0]):
            row = out[k, b]
            row[:] = 0
            for event in range(cuts[b, k], cuts[b, k + 1]):
                a = addresses[event]
                if a < channels:
                    again += row[a]
                    row[a] = 1
                else:
                    strangers += 1
        merged[b] = again
    return strangers


@kernel
def pack(addresses, cuts, channels, out, merged, begin, end):  # type: ignore[no-untyped-def]
    """Set the bits of cells with an event; returns how many lie outside the sensor."""
    strangers = 0
    for b in range(begin, end):
        again = 0
        for k in range(out.shape[0]):
            row = out[k, b]
            row[:] = 0
            for event in range(cuts[b, k], cuts[b, k + 1]):
                a = addresses[event]
                if a < channels:
                    place, bit = a >> 3, a & 7
                    byte = row[place]
                    again += (byte >> bit) & 1
                    row[place] = byte | (1 << bit)
                else:
                    strangers += 1
        merged[b] = again
    return strangers


@kernel
def collect(addresses, cuts, offsets, sensor, channels, begin, end):  # type: ignore[no-untyped-def]
    """Copy the addresses of every step and sample to their place, and sort them there."""
    batch = cuts.shape[0]
    tally = np.zeros(sensor + 1, np.int64)
    for place in range(begin, end):
        k, b = place // batch, place % batch
        lower, upper = offsets[place], offsets[place + 1]
        first, size = cuts[b, k], upper - lower
        crowded = size * 16 > sensor
        for event in range(size):
            a = addresses[first + event]
            channels[lower + event] = a
            if crowded:
                tally[min(a, sensor)] += 1
        if crowded:
            # many events on few channels: counting them is faster than comparing them
            for c in range(sensor + 1):
                for _ in range(tally[c]):
                    channels[lower] = c
                    lower += 1
                tally[c] = 0
        elif size > 1:
            channels[lower:upper].sort()


@kernel
def surface(times, addresses, cuts, start, step, tau, channels, out, b):  # type: ignore[no-untyped-def]
    """Decay the surface by a step and raise it where events are; returns strangers."""
    row = np.zeros(channels)
    decay = math.exp(-step / tau)
    strangers = 0
    for k in range(out.shape[0]):
        edge = start + (k + 1) * step
        for c in range(channels):
            row[c] *= decay
        for event in range(cuts[k], cuts[k + 1]):
            if addresses[event] < channels:
                row[addresses[event]] = math.exp(-(edge - times[event]) / tau)
            else:
                strangers += 1
        for c in range(channels):
            out[k, b, c] = row[c]
    return strangers


@kernel
def voxel(times, addresses, cuts, start, scale, pixels, channels, out, b):  # type: ignore[no-untyped-def]
    """Share every event between the two nodes around it; returns strangers."""
    out[:, b] = 0
    strangers = 0
    last = out.shape[0] - 1
    for event in range(cuts[0], cuts[cuts.shape[0] - 1]):
        a = np.int64(addresses[event])
        if a >= channels:
            strangers += 1
            continue
        sign = -1.0 if a < pixels and channels > pixels else 1.0
        pixel = a % pixels
        place = (times[event] - start) * scale
        node = min(int(place), last)
        share = place - node
        out[node, b, pixel] += sign * (1.0 - share)
        if node < last:
            out[node + 1, b, pixel] += sign * share
    return strangers
