"""Files as steps: sounds through the front end of a recipe, recordings of events, tables."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.files import check_source
from axonal._base.npz import read_npz
from axonal.datasets import Grid, Recording, counts, read, read_wav
from axonal.recipes._errors import RecipeError
from axonal.recipes._feed import Feed

TABLES = {".csv": ",", ".tsv": "\t", ".txt": None}
"""Separators of columns by the ending of a file; None is any space."""
CLOCKS = ("t", "time", "seconds")
"""Names of a first column that is a clock in seconds."""
AT_ONCE = 512
"""Steps of events that are counted at a time, so that memory does not grow with the length."""
MOST = 100_000_000
"""Steps of a recording; a clock that does not begin with it must not run for days."""
OFF = 0.01
"""Share by which the spacing of rows may differ from a step."""

Row = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Steps:
    """Content of a file, a step at a time.

    Attributes:
        channels: N.
        count: number of steps T, silence behind the end included.
        rows: the steps ``[N]``; they can be gone through once.
    """

    channels: int
    count: int
    rows: Iterator[Row]


def steps_of(path: Path, feed: Feed, recipe: str) -> Steps:
    """Steps of a file.

    Args:
        path: a sound (.wav), an array [T, N] (.npy, or x of an .npz), a table of a row per step
            (.csv, .tsv, .txt), or a recording of events in a format that `datasets.read` knows.
        feed: of the recipe.
        recipe: its name, for messages.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: another sampling rate, or content that cannot be steps; one line with the path.
    """
    check_source(path)
    with path.open("rb") as file:
        head = file.read(6)
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") or path.suffix == ".wav":
        found = _heard(path, feed, recipe)
    elif head == b"\x93NUMPY":
        found = _array(path, _loaded(path))
    elif head[:2] == b"PK" and path.suffix == ".npz":
        held = read_npz(path)
        if "x" not in held:
            names = ", ".join(held) or "nothing"
            raise RecipeError(f"{path} holds {names}, expected x [T, N]: write numpy.savez(x=x).")
        found = _array(path, held["x"])
    elif path.suffix in TABLES:
        found = _array(path, _table(path, feed))
    else:
        found = _counted(read(path), feed)
    return _with_silence(found, feed.silence)


def _heard(path: Path, feed: Feed, recipe: str) -> Steps:
    if feed.rate is None or feed.hear is None:
        raise RecipeError(
            f"{path} is a sound, and {recipe} hears none: give it steps [T, N] (.npy, .npz, .csv) "
            "or a recording of events."
        )
    sound = read_wav(path, feed.rate)
    try:
        steps = feed.hear(sound)
    except ValueError as error:
        raise RecipeError(f"{path}: {error}") from error
    if not isinstance(steps, Recording):
        return _array(path, steps)
    return _counted(steps, feed, seconds=len(sound) / feed.rate)


def _counted(events: Recording, feed: Feed, seconds: float = 0.0) -> Steps:
    """Events as counts per step, of as many steps as their times or the seconds take."""
    last = int(events.times[-1]) + 1 if len(events) else 0
    total = max(1, math.ceil(max(1e-6 * last, seconds) / feed.dt - 1e-9))
    if total > MOST:
        raise RecipeError(
            f"the last event comes after {1e-6 * last:g} s, {total} steps of {feed.dt:g} s: does "
            "its clock begin with the recording? Cut it with `axonal data convert`."
        )

    step = Grid(feed.dt, 1).step * 1e-6

    def rows() -> Iterator[Row]:
        for first in range(0, total, AT_ONCE):
            grid = Grid(feed.dt, min(AT_ONCE, total - first), first * step)
            # the last edge of a grid is closed: what lies on it belongs to the next one
            own = events.between(grid.start, grid.stop)
            values = counts(own, grid, dtype=np.float32).values[:, 0]
            yield from values if feed.counts is None else feed.counts(values)

    return Steps(events.sensor.channels, total, rows())


def _loaded(path: Path) -> npt.NDArray[Any]:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, EOFError, SyntaxError) as error:
        words = " ".join(str(error).split())[:120]
        raise RecipeError(f"{path} is damaged or not an .npy file of numbers: {words}") from error


def _table(path: Path, feed: Feed) -> npt.NDArray[np.float64]:
    """Rows of a table, whose first line may name the columns; a clock among them is checked."""
    try:
        lines = path.read_text().splitlines()
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is no text: expected a row of numbers per step.") from error
    separator = TABLES[path.suffix]
    names = [name.strip().strip('"') for name in lines[0].split(separator)] if lines else []
    headed = not all(map(_is_number, names))
    body = [line for line in lines[headed:] if line.strip()]
    try:
        values = np.loadtxt(body, delimiter=separator, ndmin=2) if body else np.zeros((0, 1))
    except ValueError as error:
        words = " ".join(str(error).split())[:120]
        raise RecipeError(f"{path} expects numbers, a row per step: {words}") from error
    if headed and len(names) == values.shape[1] and names[0].lower() in CLOCKS:
        _check_clock(path, values[:, 0], feed.dt)
        values = values[:, 1:]
    return values


def _check_clock(path: Path, clock: npt.NDArray[np.float64], dt: float) -> None:
    spacing = np.diff(clock)
    if spacing.size and np.abs(spacing - dt).max() > OFF * dt:
        worst = float(spacing[np.abs(spacing - dt).argmax()])
        raise RecipeError(
            f"{path} has rows {worst:g} s apart, and a step of this run takes {dt:g} s: resample "
            "it first."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _array(path: Path, values: npt.NDArray[Any]) -> Steps:
    if values.dtype.kind not in "biuf":
        raise RecipeError(f"{path} holds {values.dtype}, expected real numbers.")
    if values.ndim == 3 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 2 or not values.size:
        raise RecipeError(f"{path} has the shape {values.shape}, expected steps [T, N].")

    def rows() -> Iterator[Row]:
        for t, row in enumerate(values):
            if not np.isfinite(row).all():
                raise RecipeError(f"{path}: step {t} holds {row[~np.isfinite(row)][0]}.")
            yield np.asarray(row, np.float32)

    return Steps(values.shape[1], len(values), rows())


def _with_silence(found: Steps, silence: int) -> Steps:
    quiet = itertools.repeat(np.zeros(found.channels, np.float32), silence)
    return Steps(found.channels, found.count + silence, itertools.chain(found.rows, quiet))
