"""Figures and animations of recordings, in files."""

from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from axonal._base.files import check_target, whole_file
from axonal.cli._event_paths import Kind, event_set, kind_of, one_of_many
from axonal.cli._event_reading import Reading
from axonal.datasets import Recording, pictures

FIGURES = (".png", ".pdf", ".svg")
ANIMATIONS = (".gif", ".html")
FRAMES = 6
PICTURES = 50
"""Pictures of an animation whose exposure is not given."""


def show(
    path: Path,
    reading: Reading,
    *,
    out: Path | None,
    kind: str | None,
    sample: int | None,
    dt: int | None,
    progress: bool,
) -> dict[str, Any]:
    """Draw a recording or one sample.

    Raises:
        ValueError: nothing that can be drawn so, or a suffix that does not fit.
        IndexError: there is no such sample.
        OSError: the file cannot be read, or the figure not written.
    """
    moving = kind == "animation" or (kind is None and out is not None and out.suffix in ANIMATIONS)
    goal = Path(path.stem + (".gif" if moving else ".png")) if out is None else out
    allowed = ANIMATIONS if moving else FIGURES
    if goal.suffix.lower() not in allowed:
        raise ValueError(
            f"--out takes {', '.join(allowed)} for {'an animation' if moving else 'a figure'}, got "
            f"{goal}."
        )
    check_target(goal)
    recording = _recording(path, reading, sample)
    if dt is not None and not moving:
        raise ValueError("--dt belongs to an animation: write --kind animation, or --out a.gif.")
    if moving:
        span = int(recording.times[-1] - recording.times[0]) if len(recording) else 0
        step = dt or max(1, -(-(span + 1) // PICTURES))
        pictures.animate(recording, goal, dt=step, progress=progress)
        chosen = "animation"
    else:
        chosen = kind or ("raster" if recording.sensor.height == 1 else "frames")
        with whole_file(goal) as part:
            _figure(recording, chosen).savefig(part, dpi=150, format=goal.suffix[1:].lower())
    return {"file": str(goal), "kind": chosen, "events": len(recording)}


def _recording(path: Path, reading: Reading, sample: int | None) -> Recording:
    kind = kind_of(path)
    if kind is Kind.recording:
        if sample is not None:
            raise ValueError(f"--sample goes with files of many samples, and {path} is one.")
        return reading.recording(path)
    if kind in (Kind.folder, Kind.data_set):
        raise ValueError(
            f"{path} is a folder: name one of its recordings, or a file that `axonal data convert` "
            "made of it."
        )
    recording: Recording = one_of_many(event_set(path, kind), sample).recording
    if reading.start is None and reading.stop is None:
        return recording
    first, last = (int(recording.times[k]) if len(recording) else 0 for k in (0, -1))
    start = first if reading.start is None else reading.start
    return recording.between(start, last + 1 if reading.stop is None else reading.stop)


def _figure(recording: Recording, kind: str) -> Figure:
    size = (7.0, 4.5)
    if kind == "frames":
        shape = recording.sensor.height / recording.sensor.width
        size = (2.4 * FRAMES, min(8.0, 2.1 * shape + 0.9))
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    if kind == "frames":
        pictures.plot_frames(recording, list(figure.subplots(1, FRAMES)))
    elif kind == "cloud":
        space: Any = figure.add_subplot(projection="3d")
        pictures.plot_cloud(recording, space)
    else:
        getattr(pictures, f"plot_{kind}")(recording, figure.subplots())
    return figure
