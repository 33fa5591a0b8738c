"""Streams through trained runs: a file in, a decision after every step."""

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import torch

from axonal.neuro import Decision, Streamer
from axonal.recipes._errors import RecipeError
from axonal.recipes._feed import feed_of
from axonal.recipes._run_folder import RunFolder, load_run
from axonal.recipes._steps import Steps, steps_of


@dataclass(frozen=True, eq=False)
class RunStream:
    """A trained run with a file before it.

    Attributes:
        streamer: the network, at rest.
        steps: content of the file.
        dt: seconds per step.
        classes: names of the classes, or nothing.
    """

    streamer: Streamer
    steps: Steps
    dt: float
    classes: tuple[str, ...]

    def decisions(self) -> Iterator[Decision]:
        """Decide after every step."""
        for row in self.steps.rows:
            yield self.streamer.decide(torch.tensor(row)[None])

    def name(self, label: int) -> str:
        """Name of a class, its number where it has none."""
        return self.classes[label] if self.classes else str(label)


def stream_run(
    folder: str | PathLike[str],
    file: str | PathLike[str],
    *,
    window: int | None = None,
    recipe: str | None = None,
) -> RunStream:
    """Put a file before the network of a finished run.

    Args:
        folder: run folder that `train` left.
        file: a sound of the rate that the recipe hears (.wav), steps [T, N] (.npy, .npz, .csv) or
            a recording of events.
        window: number of last steps that decisions are made of; all by default.
        recipe: path of the recipe's file, where it is not the one that was recorded.

    Returns:
        the stream; `RunStream.decisions` runs it.

    Raises:
        FileNotFoundError: there is no finished run, or no such file.
        ValueError: the file is of another sampling rate or another number of channels, or cannot be
            steps; one line that names it.

    >>> stream_run("runs/of-nobody", "sound.wav")
    Traceback (most recent call last):
    FileNotFoundError: runs/of-nobody holds no run: it has no config.json. Is the path right?
    """
    net, settings = load_run(folder, recipe=recipe)
    run = RunFolder(folder, recipe)
    name, path = run.settings()[0], Path(file)
    feed = feed_of(name, settings)
    if len(net.input_names) != 1:
        raise RecipeError(f"the network of {folder} has several inputs, a stream has one.")
    streamer = Streamer(net, readout=settings.readout, window=window)
    steps = steps_of(path, feed, run.origin()["recipe"])
    silent = torch.zeros(1, steps.channels)
    try:
        Streamer(net, readout=settings.readout).decide(silent)
    except ValueError as error:
        raise RecipeError(
            f"{path} has {steps.channels} channels per step, and that is not what the network of "
            f"{folder} takes: {error}"
        ) from error
    return RunStream(streamer, steps, feed.dt, feed.classes)
