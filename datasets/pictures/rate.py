"""The rate of events over time."""

from typing import TYPE_CHECKING

import numpy as np

from axonal._base.checks import whole_number
from axonal.datasets.events import Recording
from axonal.datasets.pictures._style import (
    duration,
    groups,
    label_time,
    polarity_legend,
    span_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))


def plot_rate(recording: Recording, ax: "Axes", *, bins: int = 100) -> "Axes":
    """Events per second over the recording, polarities apart.

    The time from the first to the last event is cut into equal bins, the last of which holds its
    end; so every event is in one of them.

    Args:
        recording: the events.
        ax: where to draw.
        bins: their number, 1 to 100 000.

    Returns:
        ``ax``, with the width of a bin in its title.

    Raises:
        ValueError: bins out of range.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.pictures import plot_rate
    >>> from matplotlib.figure import Figure
    >>> recording = Recording.of([0, 900, 1000], 0, 0, 0, Sensor(4))
    >>> ax = plot_rate(recording, Figure().subplots(), bins=10)
    >>> ax.get_ylabel(), ax.get_title()
    ('event rate (k events/s)', '3 events, bins of 100 µs')
    """
    whole_number("plot_rate", "bins", bins, 1, 100_000)
    first, last = span_of(recording)
    last = max(last, first + 1)
    width = (last - first) / bins
    edges = np.linspace(0, last - first, bins + 1)
    parts = groups(recording)
    # whole numbers from the first event, which a long clock does not round
    since = recording.times - first
    rates = [np.histogram(since[chosen], edges)[0] / (width / 1e6) for chosen, _, _ in parts]
    top = max(float(rate.max()) for rate in rates)
    scale, prefix = next(((s, p) for s, p in PREFIXES if top >= s), (1.0, ""))
    one = label_time(ax, recording)
    for rate, (_, colour, _) in zip(rates, parts, strict=True):
        ax.stairs(rate / scale, (first + edges) / one, color=colour, lw=1.2)
        if len(parts) == 1:
            ax.stairs(rate / scale, (first + edges) / one, color=colour, fill=True, alpha=0.12)
    ax.set(ylabel=f"event rate ({prefix}{' ' if prefix else ''}events/s)", ylim=(0, None))
    ax.set_title(f"{len(recording):,} events, bins of {duration(width)}", fontsize="medium")
    polarity_legend(ax, recording, loc="upper right", framealpha=0.9)
    return ax
