"""Events over time."""

from typing import TYPE_CHECKING

import numpy as np

from axonal._base.array_types import Int64Array
from axonal._base.checks import one_of
from axonal.datasets.events import Recording
from axonal.datasets.pictures._mixture import full_count, mixture, mixture_legend
from axonal.datasets.pictures._style import groups, label_time, polarity_legend, span_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_MARKS = 20_000
COLUMNS, MOST_ROWS = 600, 360
NAMES = {"x": "column x (pixel)", "y": "row y (pixel)"}


def plot_raster(recording: Recording, ax: "Axes", *, rows: str | None = None) -> "Axes":
    """A mark for every event, at its time and its channel, column or row.

    More than 20 000 events are counted in 600 cells of time and at most 360 of place, and every
    cell has the colour of its counts.

    Args:
        recording: the events; ``recording.between(start, stop)`` for some of them.
        ax: where to draw.
        rows: "x" or "y", the place that is drawn upwards; by default y, or x where the sensor is a
            line of channels.

    Returns:
        ``ax``, with the time of the recording's clock, brighter and darker in two colours.

    Raises:
        ValueError: another word.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.pictures import plot_raster
    >>> from matplotlib.figure import Figure
    >>> recording = Recording.of([5, 9000], [0, 3], 0, 0, Sensor(700))
    >>> ax = plot_raster(recording, Figure().subplots())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('time (ms)', 'channel')
    """
    sensor = recording.sensor
    line = sensor.height == 1
    along = one_of("plot_raster", "rows", rows or ("x" if line else "y"), tuple(NAMES))
    size = sensor.width if along == "x" else sensor.height
    one = label_time(ax, recording)
    place = getattr(recording, along)
    if len(recording) > MOST_MARKS:
        _density(ax, recording, place, size, one)
    else:
        _marks(ax, recording, place, one)
    limits = (-0.5, size - 0.5)
    ax.set(
        ylabel="channel" if line else NAMES[along], ylim=limits if along == "x" else limits[::-1]
    )
    return ax


def _marks(ax: "Axes", recording: Recording, place: Int64Array, one: float) -> None:
    colours = np.empty(len(recording), dtype=object)
    for chosen, colour, _ in groups(recording):
        colours[chosen] = colour
    # all at once and in their order, so that no polarity hides the other
    size = min(6.0, max(1.0, 20_000 / max(1, len(recording))))
    ax.scatter(recording.times / one, place, s=size, c=list(colours), lw=0, rasterized=True)
    polarity_legend(ax, recording, loc="upper right", framealpha=0.9)


def _density(ax: "Axes", recording: Recording, place: Int64Array, size: int, one: float) -> None:
    """Counts of more events than marks could show, with a row for at most so many places."""
    first, last = span_of(recording)
    rows, polarities = min(size, MOST_ROWS), recording.sensor.polarities
    column = (recording.times - first) * COLUMNS // (last - first + 1)
    row = place * rows // size
    cell = (recording.p * rows + row) * COLUMNS + column
    counts = np.bincount(cell, minlength=polarities * rows * COLUMNS)
    counts = counts.reshape(polarities, rows, COLUMNS)
    full = full_count(counts)
    extent = (first / one, (last + 1) / one, size - 0.5, -0.5)
    ax.imshow(mixture(counts, full), extent=extent, aspect="auto")
    mixture_legend(ax, polarities, full, "cell")
