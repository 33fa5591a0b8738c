"""Binning of events beside tonic: one long recording, an epoch of N-MNIST, one in SHD's layout."""

import importlib
import os
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from axonal.datasets import (
    EventSet,
    Grid,
    LabelledRecording,
    Recording,
    Sensor,
    counts,
    packed,
    write_events,
    write_shd,
)
from benchmarks._measure import Table, interleaved

HEADER = ["case", "implementation", "rounds (ms)", "its time over ours", "Mevents/s", "agreement"]
CAMERA, EVENTS, STEPS = Sensor(128, 128, 2), 10_000_000, 100
TONIC = np.dtype([("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "?")])
"""The 13 bytes per event that tonic's transforms take."""
DIGIT, DIGIT_GRID = Sensor(34, 34, 2), Grid(dt=0.02, steps=16)
COCHLEA, COCHLEA_GRID, SPIKES = Sensor(700), Grid(dt=0.01, steps=100), 8000
SAMPLES, SOME, BATCH = 8156, 100, 128
QUICK = 50


def run(peers: set[str], *, quick: bool) -> Table:
    """Time every case, tonic beside it where it is asked for."""
    table = Table(HEADER)
    tonic = importlib.import_module("tonic") if "tonic" in peers else None
    shrink = QUICK if quick else 1
    recording(table, tonic, EVENTS // shrink)
    with tempfile.TemporaryDirectory() as folder:
        digits(table, tonic, Path(folder), shrink)
        spoken(table, tonic, Path(folder), SAMPLES // shrink, SPIKES // (4 if quick else 1))
    return table


def lines(
    table: Table,
    case: str,
    works: dict[str, Callable[[], object]],
    events: dict[str, int],
    agrees: dict[str, str],
    repetitions: int = 3,
) -> dict[str, float]:
    """Time works, each for its own number of events, and add a line for each; seconds per event."""
    times = interleaved(works, repetitions)
    each = {name: taken.best / events[name] for name, taken in times.items()}
    for name, taken in times.items():
        ratio = each[name] / each["axonal"]
        table.add_times(case, name, taken, ratio, agrees.get(name, ""), events=events[name])
    return each


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether frames are equal, of whatever types."""
    return a.shape == b.shape and bool((a == b).all())


# --- one recording ---


def clustered(count: int) -> Recording:
    """Events around 200 moving places, as objects before a camera give them."""
    r = np.random.default_rng(0)
    times = np.sort(r.integers(0, STEPS * 100_000, count))
    own, near = r.integers(0, 200, count), r.normal(0, 3, (2, count))
    x, y = (np.rint(r.integers(0, 128, 200)[own] + near[k] + times * 3e-6) % 128 for k in range(2))
    p = r.integers(0, 2, count)
    return Recording.of(times, x.astype(np.int64), y.astype(np.int64), p, CAMERA)


def structured(one: Recording) -> np.ndarray:
    """A recording as tonic takes it."""
    array = np.empty(len(one), TONIC)
    array["x"], array["y"], array["p"], array["t"] = one.x, one.y, one.p, one.times
    return array


def recording(table: Table, tonic: Any, count: int) -> None:
    """Ten million events of a camera into a hundred frames."""
    made, grid = clustered(count), Grid(dt=0.1, steps=STEPS)
    case = f"{count:.0e} events of 128x128x2, T={STEPS}"
    events = EventSet.from_recordings([made], [-1], classes=())
    array = structured(made)
    # as bytes: numpy would copy field by field
    source = array.view(np.uint8)
    copy = np.empty_like(source)
    frames = counts(events, grid)
    shape = (STEPS, 2, 128, 128)
    ours = frames.values.reshape(shape)
    kept = int(frames.values.sum()) + int(frames.saturated.sum() + frames.outside.sum())
    if kept != count:
        raise SystemExit(f"{count - kept} of {count} events are lost.")
    bits = packed(events, grid).values
    cells = np.unpackbits(bits, axis=-1, bitorder="little").reshape(shape)
    if not same(cells, ours > 0) or not same(counts(made, grid).values.reshape(shape), ours):
        raise SystemExit("packed bits, or a recording alone, give other cells.")
    works: dict[str, Callable[[], object]] = {
        "axonal": lambda: counts(events, grid),
        "axonal recording": lambda: counts(made, grid),
        "axonal packed": lambda: packed(events, grid),
        "copy of 13 bytes": lambda: np.copyto(copy, source),
    }
    agrees = {"axonal": f"all events, {int(frames.saturated.sum())} saturated"}
    if tonic is not None:
        to_frame = tonic.transforms.ToFrame(sensor_size=(128, 128, 2), time_window=100_000)
        theirs = to_frame(array)
        lost = count - int(theirs.sum())
        # its first frame begins with the first event, and its last one that is whole ends
        first = Grid(dt=0.1, steps=STEPS, t0=1e-6 * float(made.times[0]))
        aligned = counts(events, first, dtype=np.uint16)
        equal = same(theirs, aligned.values.reshape(shape)[: len(theirs)])
        agrees["tonic"] = f"{'equal' if equal else 'other'} in {len(theirs)} frames, {lost} lost"
        works["tonic"] = lambda: to_frame(array)
    each = lines(table, case, works, dict.fromkeys(works, count), agrees)
    tracemalloc.start()
    counts(events, grid)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    share = each["copy of 13 bytes"] / each["axonal"]
    table.remarks.append(
        f"{case}: counts run at {100 * share:.0f} % of the speed of the copy, and take "
        f"{peak / 1e6:.1f} MB beside the events, frames included. They read two bytes per event: "
        "the edges of steps are found by search, so that times between them are not looked at."
    )


# --- N-MNIST ---


def digit_files(folder: Path, count: int) -> list[Path]:
    """Recordings of N-MNIST in the folder of data, or made ones in that layout."""
    real = Path(os.environ.get("AXONAL_DATA", ""), "nmnist-small", "NMNIST", "Train")
    found = sorted(real.glob("*/*.bin"))[:count] if os.environ.get("AXONAL_DATA") else []
    if found:
        return found
    r = np.random.default_rng(0)
    for k in range(count):
        t = np.sort(r.integers(0, 310_000, 4000))
        rows = np.stack([*r.integers(0, 34, (2, 4000)), t >> 16 | 128, t >> 8 & 255, t & 255], 1)
        (folder / f"{k}.bin").write_bytes(rows.astype(np.uint8).tobytes())
        found.append(folder / f"{k}.bin")
    return found


def digit(path: Path) -> Recording:
    """Five bytes per event: x, y, then polarity and 23 bits of microseconds."""
    rows = np.fromfile(path, np.uint8).reshape(-1, 5).astype(np.int64)
    times = (rows[:, 2] & 127) << 16 | rows[:, 3] << 8 | rows[:, 4]
    return Recording.of(times, rows[:, 0], rows[:, 1], rows[:, 2] >> 7, DIGIT)


def digits(table: Table, tonic: Any, folder: Path, shrink: int) -> None:
    """An epoch of N-MNIST from the store, and from its files by tonic."""
    files = digit_files(folder, 1000 // shrink)
    made = [LabelledRecording(digit(path), 0) for path in files]
    stored = write_events(folder / "digits.axe", made, sensor=DIGIT, classes=("digit",))
    case = f"epoch of {len(files)} N-MNIST recordings, T={DIGIT_GRID.steps}"
    works: dict[str, Callable[[], object]] = {"axonal": lambda: epoch(stored, DIGIT_GRID)}
    agrees = {"axonal": f"{outside(stored, DIGIT_GRID)} outside, counted"}
    if tonic is not None:
        to_frame = tonic.transforms.ToFrame(
            sensor_size=(34, 34, 2),
            time_window=DIGIT_GRID.step,
            start_time=0,
            end_time=DIGIT_GRID.stop,
        )

        def read(path: Path) -> np.ndarray:
            array = tonic.io.read_mnist_file(str(path), dtype=TONIC)
            frames: np.ndarray = to_frame(array)
            return frames

        agrees["tonic"] = compared((read(path) for path in files), stored, DIGIT_GRID)
        works["tonic"] = lambda: [read(path) for path in files]
    lines(table, case, works, dict.fromkeys(works, stored.event_count), agrees)


def epoch(stored: EventSet, grid: Grid) -> None:
    """All batches of a set, each into the same memory."""
    out = np.empty((grid.steps, BATCH, stored.sensor.channels), np.uint8)
    for first in range(0, len(stored), BATCH):
        chosen = np.arange(first, min(first + BATCH, len(stored)))
        into = out if len(chosen) == BATCH else None
        counts(stored, grid, chosen, out=into)


def outside(stored: EventSet, grid: Grid) -> int:
    """Events that lie outside the grid."""
    parts = (counts(stored, grid, [k]) for k in range(len(stored)))
    return sum(int(part.outside.sum()) for part in parts)


def compared(theirs: Iterator[np.ndarray], stored: EventSet, grid: Grid) -> str:
    """In how many samples frames are equal, and in how many a peer drops events."""
    equal, dropped, other, lost = 0, 0, 0, 0
    for k, frames in enumerate(theirs):
        found = counts(stored, grid, [k])
        ours = found.values.reshape(grid.steps, *frames.shape[1:])
        missing = int(found.sizes[0] - found.outside[0]) - int(frames.sum())
        if missing:
            dropped += 1
            lost += missing
        elif same(frames, ours):
            equal += 1
        else:
            other += 1
    return f"equal in {equal}, {dropped} with {lost} lost, {other} other"


# --- the layout of SHD ---


def cochleagrams(count: int, spikes: int) -> Iterator[LabelledRecording]:
    """Samples as long and as dense as those of SHD, on the steps of its 16-bit times."""
    r = np.random.default_rng(0)
    for k in range(count):
        seconds = np.sort(r.random(spikes) * 0.95).astype(np.float16).astype(np.float64)
        times = np.rint(1e6 * seconds).astype(np.int64)
        units = r.integers(0, 700, spikes).astype(np.uint32)
        yield LabelledRecording(Recording(times, units, COCHLEA), k % 20, 0, {"speaker": k % 12})


def spoken(table: Table, tonic: Any, folder: Path, count: int, spikes: int) -> None:
    """An epoch of a file in SHD's layout: ours of the whole, tonic's of some samples."""
    classes = tuple(f"word {k}" for k in range(20))
    stored = write_events(
        folder / "shd.axe", cochleagrams(count, spikes), sensor=COCHLEA, classes=classes
    )
    case = f"epoch of {count} samples in SHD's layout, T={COCHLEA_GRID.steps}"
    works: dict[str, Callable[[], object]] = {"axonal": lambda: epoch(stored, COCHLEA_GRID)}
    events, agrees = {"axonal": stored.event_count}, {}
    some = min(SOME, count)
    if tonic is not None:
        data = tonic_shd(tonic, folder, stored)
        chosen = np.linspace(0, count - 1, some).astype(int)
        grid = COCHLEA_GRID
        to_frame = tonic.transforms.ToFrame(
            sensor_size=(700, 1, 1), time_window=grid.step, start_time=0, end_time=grid.stop
        )

        def read(index: int) -> np.ndarray:
            frames: np.ndarray = to_frame(data[index][0])
            return frames

        agrees["tonic"] = compared((read(k) for k in chosen), stored.select(chosen), grid)
        works["tonic"] = lambda: [read(k) for k in chosen]
        events["tonic"] = some * spikes
        table.remarks.append(f"{case}: tonic is timed on {some} of them, spread over the file.")
    lines(table, case, works, events, agrees)


def tonic_shd(tonic: Any, folder: Path, stored: EventSet) -> Any:
    """tonic's data set over a file that we write where it looks for SHD's."""
    place = folder / "SHD"
    place.mkdir()
    write_shd(place / "shd_train.h5", stored)
    with zipfile.ZipFile(place / "shd_train.h5.zip", "w") as archive:
        archive.writestr("shd_train.h5", b"")
    return tonic.datasets.SHD(str(folder), train=True)
