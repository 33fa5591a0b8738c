"""An accumulated picture, and a row of them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from axonal.datasets.events import Recording
from axonal.datasets.pictures._mixture import full_count, mixture, mixture_legend
from axonal.datasets.pictures._style import (
    check_camera,
    duration,
    label_pixels,
    pixel_counts,
    span_of,
    stretch,
    time_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_frame(recording: Recording, ax: "Axes", *, full: int | None = None) -> "Axes":
    """All events of a recording as one picture, the polarities told apart.

    Args:
        recording: of a camera; ``recording.between(start, stop)`` for a shorter exposure.
        ax: where to draw.
        full: events of one pixel and polarity that get the full colour; by default the number that
            98 % of the pixels with events do not exceed.

    Returns:
        ``ax``: brighter blue, darker vermilion, both dark; row 0 on top.

    Raises:
        ValueError: a sensor without rows.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.pictures import plot_frame
    >>> from matplotlib.figure import Figure
    >>> recording = Recording.of([5, 9], [0, 3], [1, 1], [0, 1], Sensor(4, 2, 2))
    >>> plot_frame(recording, Figure().subplots()).get_title()
    '2 events in 4 µs'
    """
    check_camera("plot_frame", recording)
    counts = pixel_counts(recording)
    full = full_count(counts) if full is None else full
    ax.imshow(mixture(counts, full))
    label_pixels(ax, recording)
    mixture_legend(ax, recording.sensor.polarities, full)
    first, last = span_of(recording)
    ax.set_title(f"{len(recording):,} events in {duration(last - first)}", fontsize="medium")
    return ax


def plot_frames(recording: Recording, axes: "Sequence[Axes]") -> "Sequence[Axes]":
    """A recording as pictures of equal exposures, one after the other, in one scale of colours.

    Args:
        recording: of a camera.
        axes: where to draw, in the order of time; ``Figure().subplots(1, 4)``, say.

    Returns:
        ``axes``; the last has the legend. The exposures join: the picture k of K holds the events
        with first + k span / K <= t < first + (k + 1) span / K, the last one that at the end, too.

    Raises:
        ValueError: a sensor without rows.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.pictures import plot_frames
    >>> from matplotlib.figure import Figure
    >>> recording = Recording.of([0, 9, 20], [0, 3, 1], [1, 1, 0], [0, 1, 1], Sensor(4, 2, 2))
    >>> [ax.get_title() for ax in plot_frames(recording, Figure().subplots(1, 2))]
    ['0 to 10 µs', '10 to 20 µs']
    """
    check_camera("plot_frames", recording)
    first, last = span_of(recording)
    unit, one = time_unit(last - first)
    edges = [first + (last - first) * k // len(axes) for k in range(len(axes) + 1)]
    inner = np.searchsorted(recording.times, edges[1:-1])
    places = [0, *inner.tolist(), len(recording)]
    parts = [recording.take(slice(*pair)) for pair in pairwise(places)]
    counts = [pixel_counts(part) for part in parts]
    full = full_count(np.stack(counts))
    for k, (ax, count) in enumerate(zip(axes, counts, strict=True)):
        ax.imshow(mixture(count, full))
        label_pixels(ax, recording)
        if k:
            ax.set(ylabel="")
            ax.tick_params(labelleft=False)
        ax.set_title(stretch(edges[k] / one, edges[k + 1] / one, unit), fontsize="medium")
    mixture_legend(axes[-1], recording.sensor.polarities, full)
    return axes
