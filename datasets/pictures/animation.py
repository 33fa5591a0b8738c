"""A recording as moving pictures."""

import base64
import io
from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from axonal._base.checks import number, whole_number
from axonal._base.files import whole_file
from axonal._base.progress import bar
from axonal.datasets.events import Recording
from axonal.datasets.pictures._mixture import full_count, mixture, mixture_legend
from axonal.datasets.pictures._page import page
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
    from matplotlib.figure import Figure

MOST_PICTURES = 2000
SCALE_PICTURES = 50
"""Pictures that the scale of colours is made from."""
DPI = 100


def animate(
    recording: Recording,
    path: str | PathLike[str],
    *,
    dt: int,
    rate: float = 20.0,
    progress: bool = True,
) -> Path:
    """Write a recording of a camera as an animation, one accumulated picture per ``dt``.

    The picture k holds the events with first + k dt <= t < first + (k + 1) dt, so every event is
    seen once. The title says by how much the animation is slower or faster than the recording.

    Args:
        recording: the events.
        path: of the file, which is whole at every moment: ``.gif``, or ``.html`` for a page with a
            slider that holds all pictures and loads nothing.
        dt: exposure in microseconds.
        rate: pictures per second of the animation, 1 to 50.
        progress: show a bar on a terminal.

    Returns:
        the path.

    Raises:
        ValueError: a sensor without rows, another suffix, more than 2000 pictures, or a number out
            of range.
        OSError: the path cannot be written.

    >>> import tempfile
    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.pictures import animate
    >>> recording = Recording.of([5, 7, 9], [0, 3, 2], [1, 1, 0], [0, 1, 1], Sensor(4, 2, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     animate(recording, f"{folder}/a.gif", dt=2, progress=False).read_bytes()[:6]
    b'GIF89a'
    """
    check_camera("animate", recording)
    dt = whole_number("animate", "dt", dt)
    rate = number("animate", "rate", rate, 1, 50)
    suffix = Path(fspath(path)).suffix.lower()
    if suffix not in (".gif", ".html"):
        raise ValueError(f"animate expects a file .gif or .html, got {fspath(path)!r}.")
    first, last = span_of(recording)
    count = (last - first) // dt + 1
    if count > MOST_PICTURES:
        raise ValueError(
            f"animate expects at most {MOST_PICTURES} pictures, got {duration(last - first)} with "
            f"dt = {dt} µs, which are {count}. Write dt={-(-(last - first) // 200)}, say, or "
            "recording.between(start, stop)."
        )
    with whole_file(path) as part, bar("pictures", count, shown=progress) as step:
        figure, pictures = _pictures(recording, dt, rate, count, step)
        if suffix == ".gif":
            _gif(figure, pictures, part, rate)
        else:
            _html(figure, pictures, part, rate)
    return Path(path)


def _pictures(
    recording: Recording, dt: int, rate: float, count: int, step: Any
) -> tuple["Figure", Iterator[None]]:
    """A figure, and an iterator that draws one picture after the other into it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    first, last = span_of(recording)
    edges = first + dt * np.arange(count + 1)
    places = np.searchsorted(recording.times, edges)

    def counts(k: int) -> Any:
        return pixel_counts(recording.take(slice(int(places[k]), int(places[k + 1]))))

    some = range(0, count, max(1, count // SCALE_PICTURES))
    full = max(1, round(float(np.median([full_count(counts(k)) for k in some]))))
    figure = Figure(figsize=(6.0, _height(recording)), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    image = ax.imshow(mixture(counts(0), full))
    label_pixels(ax, recording)
    mixture_legend(ax, recording.sensor.polarities, full)
    unit, one = time_unit(last - first)
    speed = _speed(dt * rate / 1e6)

    def drawn() -> Iterator[None]:
        for k in range(count):
            image.set_data(mixture(counts(k), full))
            when = stretch(edges[k] / one, edges[k + 1] / one, unit)
            ax.set_title(f"{when}, {speed}", fontsize="medium")
            yield
            step()

    return figure, drawn()


def _height(recording: Recording) -> float:
    """Inches for pictures of this shape, beside their legend."""
    shape = recording.sensor.height / recording.sensor.width
    return float(np.clip(4.2 * shape + 0.9, 2.2, 7.0))


def _speed(factor: float) -> str:
    """Speed of an animation that shows so many seconds per second, in words."""
    if 0.99 < factor < 1.01:
        return "as fast as recorded"
    return f"{1 / factor:.3g} times slower" if factor < 1 else f"{factor:.3g} times faster"


def _gif(figure: "Figure", pictures: Iterator[None], path: Path, rate: float) -> None:
    from matplotlib.animation import PillowWriter

    writer: Any = PillowWriter
    writer = writer(fps=rate)  # fractions work, whatever its annotation says
    with writer.saving(figure, str(path), DPI):
        for _ in pictures:
            writer.grab_frame()


def _html(figure: "Figure", pictures: Iterator[None], path: Path, rate: float) -> None:
    texts = []
    for _ in pictures:
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=DPI)
        texts.append(base64.b64encode(stream.getvalue()).decode())
    path.write_text(page(texts, rate), encoding="utf-8")
