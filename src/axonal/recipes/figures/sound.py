"""Figures of a sound and its spikes: every one takes and returns an Axes, and shows nothing.

They share their time axis in milliseconds, so they can be drawn below or into each other: `events`
into the Axes of `spectrogram` puts each spike on the energy that caused it.
"""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from axonal import datasets
from axonal._base.colours import BLUE, VERMILION
from axonal.recipes.figures import GREY, key


def waveform(ax: Axes, sound: npt.ArrayLike, rate: int) -> Axes:
    """Pressure of a sound over time.

    Args:
        ax: where to draw.
        sound: samples ``[L]`` from -1 to 1.
        rate: samples a second.

    Returns:
        ``ax``, with the time in ms.

    >>> from matplotlib.figure import Figure
    >>> waveform(Figure().subplots(), np.zeros(800), rate=8000).get_xlabel()
    'time (ms)'
    """
    x = np.asarray(sound)
    ax.plot(np.arange(len(x)) / rate * 1e3, x, color=GREY, linewidth=0.6)
    ax.set(xlabel="time (ms)", ylabel="sound (full scale = 1)", xlim=(0, len(x) / rate * 1e3))
    return ax


def spectrogram(ax: Axes, sound: npt.ArrayLike, front_end: datasets.MelDelta | None = None) -> Axes:
    """Mel energies of a sound, as the front end measures them, down to its span.

    Args:
        ax: where to draw.
        sound: samples ``[L]`` from -1 to 1 at the front end's rate.
        front_end: whose bands are drawn; by default a `MelDelta` as it comes.

    Returns:
        ``ax``, with the time in ms and the bands upwards, and a colour bar beside it.

    >>> from matplotlib.figure import Figure
    >>> sound = np.sin(np.arange(1600.0))
    >>> spectrogram(Figure().subplots(), sound).get_ylabel()
    'mel band'
    """
    ear = datasets.MelDelta() if front_end is None else front_end
    energies = ear.energies(sound)
    top = energies.max()
    image = ax.imshow(
        energies.T,
        origin="lower",
        aspect="auto",
        cmap="Greys",
        vmin=top - ear.span,
        vmax=top,
        extent=(0, len(energies) * ear.hop * 1e3, -0.5, ear.bands - 0.5),
    )
    ax.figure.colorbar(image, ax=ax, label="energy (dB)")
    ax.set(xlabel="time (ms)", ylabel="mel band")
    return ax


def events(
    ax: Axes, times: npt.ArrayLike, units: npt.ArrayLike, channels: int, *, signed: bool = False
) -> Axes:
    """Spikes of one sample, a mark each; a cell of several spikes has a larger mark.

    Args:
        ax: where to draw, for example that of a `spectrogram`.
        times: of the spikes in microseconds.
        units: their channels.
        channels: number of channels.
        signed: the first half of the channels is ON, the second OFF, and both of a band share a
            row, as in `datasets.MelDelta`.

    Returns:
        ``ax``, with the time in ms.

    >>> from matplotlib.figure import Figure
    >>> ax = events(Figure().subplots(), [1000, 2000], [0, 3], 4, signed=True)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['ON', 'OFF']
    """
    cells, often = np.unique(
        np.stack([np.asarray(times), np.asarray(units).astype(np.int64)]),
        axis=1,
        return_counts=True,
    )
    time, unit = cells
    rows = channels // 2 if signed else channels
    parts = ((BLUE, "ON", unit < rows), (VERMILION, "OFF", unit >= rows))
    for colour, label, chosen in parts if signed else parts[:1]:
        ax.scatter(
            time[chosen] / 1e3,
            unit[chosen] % rows,
            s=3 * often[chosen],
            color=colour,
            linewidths=0,
        )
        if signed:
            key(ax, colour, label, marker="o")
    ax.set(xlabel="time (ms)", ylim=(-0.5, rows - 0.5))
    if not ax.get_ylabel():
        ax.set_ylabel("channel")
    if signed:
        ax.legend(loc="upper right", framealpha=0.9)
    return ax
