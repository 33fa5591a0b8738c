"""What figures of events share: a unit for the times, colours and names of the polarities."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from axonal._base.array_types import AnyArray, BoolArray
from axonal._base.colours import BLACK, BLUE, VERMILION
from axonal.datasets.events import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POLARITIES = ((1, BLUE, "brighter (ON)"), (0, VERMILION, "darker (OFF)"))
"""Number, colour and name, in the order of legends."""
UNITS = (("s", 1e6), ("ms", 1e3), ("µs", 1.0))
"""Names, and microseconds in them."""
MARGIN = 0.01
LARGEST = 2**26
"""Pixels and polarities of a picture."""


def time_unit(span: int) -> tuple[str, float]:
    """Name of the unit for a span of so many microseconds, and the microseconds in it."""
    return next((unit, one) for unit, one in UNITS if span >= 5 * one or one == 1)


def duration(microseconds: float) -> str:
    """A time in words, with three digits.

    >>> duration(3050), duration(999.6), duration(1.2e6)
    ('3.05 ms', '1 ms', '1.2 s')
    """
    unit, one = next((u, o) for u, o in UNITS if microseconds >= 0.9995 * o or o == 1)
    return f"{microseconds / one:.3g} {unit}"


def decimals(step: float) -> int:
    """Digits behind the point that tell numbers so far apart from one another.

    >>> decimals(76.0), decimals(0.5)
    (0, 2)
    """
    return max(0, 1 - math.floor(math.log10(step)))


def stretch(start: float, stop: float, unit: str) -> str:
    """From when to when, as exactly as its length asks for.

    >>> stretch(77.15, 153.408, "ms")
    '77 to 153 ms'
    """
    digits = decimals(max(stop - start, 1e-6))
    return f"{start:.{digits}f} to {stop:.{digits}f} {unit}"


def span_of(recording: Recording) -> tuple[int, int]:
    """First and last time in microseconds; 0 and 1 without events."""
    if not len(recording):
        return 0, 1
    return int(recording.times[0]), int(recording.times[-1])


def groups(recording: Recording) -> list[tuple[BoolArray | slice, str, str | None]]:
    """Which events are drawn together, in which colour and under which name."""
    if recording.sensor.polarities != 2:
        return [(slice(None), BLACK, None)]
    p = recording.p
    return [(p == number, colour, name) for number, colour, name in POLARITIES]


def label_time(ax: "Axes", recording: Recording) -> float:
    """Label the time axis; returns the microseconds in its unit."""
    first, last = span_of(recording)
    unit, one = time_unit(last - first)
    margin = MARGIN * max(1, last - first)
    ax.set(xlabel=f"time ({unit})", xlim=((first - margin) / one, (last + margin) / one))
    # the clock of a recording is read off, not added up from an offset
    ax.ticklabel_format(axis="x", useOffset=False, style="plain")
    return one


def legend(ax: "Axes", names: list[tuple[str, str]], **place: Any) -> None:
    """Squares of colours beside their names, the same size whatever is drawn."""
    from matplotlib.patches import Patch

    patches = [Patch(facecolor=colour, label=name) for colour, name in names]
    ax.legend(handles=patches, fontsize="small", handlelength=1.0, **place)


def polarity_legend(ax: "Axes", recording: Recording, **place: Any) -> None:
    """A legend of the polarities, for sensors that have two."""
    if recording.sensor.polarities == 2:
        legend(ax, [(colour, name) for _, colour, name in POLARITIES], **place)


def label_pixels(ax: "Axes", recording: Recording) -> None:
    """Label both axes of a picture, with row 0 on top."""
    sensor = recording.sensor
    ax.set(
        xlabel="column x (pixel)",
        ylabel="row y (pixel)",
        xlim=(-0.5, sensor.width - 0.5),
        ylim=(sensor.height - 0.5, -0.5),
        aspect="equal",
    )


def check_camera(who: str, recording: Recording) -> None:
    """Refuse what has no picture."""
    sensor = recording.sensor
    if sensor.height == 1:
        raise ValueError(
            f"{who} expects a sensor with rows, got {sensor}. Write plot_raster(recording, ax) for "
            "channels in a line."
        )
    if sensor.channels > LARGEST:
        raise ValueError(
            f"{who} expects at most {LARGEST} pixels and polarities, got {sensor}. Is the size "
            "right? Write CropSpace(width, height)(recording) for a part."
        )


def thinned(recording: Recording, most: int) -> tuple[Recording, int]:
    """Every k-th event, so that at most so many are drawn, and k."""
    step = max(1, -(-len(recording) // most))
    return recording.take(slice(None, None, step)), step


def pixel_counts(recording: Recording) -> AnyArray:
    """Number of events ``[polarities, height, width]``."""
    sensor = recording.sensor
    return np.bincount(recording.addresses, minlength=sensor.channels).reshape(sensor.shape)
