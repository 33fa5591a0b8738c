"""Reading files of events beside the libraries that people use: the same events, and the time."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from axonal.datasets import Recording, Sensor, read, write_es, write_evt2
from benchmarks._measure import TIMED, Table, Work, compare

Columns = dict[str, npt.NDArray[np.int64]]
SAMPLES = {
    "EVT 3.0, 219 596 events": "prophesee/evt3_sample.raw",
    "EVT 2.0, 521 252 events": "event_stream/evt2.raw",
    "AEDAT 4, 111 954 events": "tonic/sample.aedat4",
    "Event Stream, 473 225 events": "event_stream/dvs.es",
    ".dat, 2009 events": "tonic/sample_ncars.dat",
    ".bin, 4325 events": "tonic/sample_nmnist.bin",
}
MADE, MADE_QUICK = 2_000_000, 2000
"""Events of the files that are written here, which need no sample."""


def _aedat(path: str) -> object:
    import aedat

    return np.concatenate([one["events"] for one in aedat.Decoder(path) if "events" in one])


def _event_stream(path: str) -> object:
    import event_stream

    return np.concatenate(list(event_stream.Decoder(path)))


def _evlib(path: str) -> object:
    import evlib

    return evlib.load_events(path).collect()


def _expelliarmus(path: str) -> object:
    from expelliarmus import Wizard

    content = Path(path).read_bytes()[:200]
    kind = "dat" if path.endswith(".dat") else "evt3" if b"evt 3.0" in content else "evt2"
    return Wizard(encoding=kind, fpath=path).read()


def _faery(path: str) -> object:
    import faery

    return faery.events_stream_from_file(path).to_array()


def _tonic(path: str) -> object:
    from tonic.io import make_structured_array, read_mnist_file

    return read_mnist_file(path, dtype=make_structured_array([], [], [], []).dtype)


READERS: dict[str, tuple[Callable[[str], object], frozenset[str]]] = {
    "aedat": (_aedat, frozenset({".aedat4"})),
    "event_stream": (_event_stream, frozenset({".es"})),
    "evlib": (_evlib, frozenset({".raw", ".aedat4"})),
    "expelliarmus": (_expelliarmus, frozenset({".raw", ".dat"})),
    # of .dat it reads files of EventCD, and the sample is one of Event2d
    "faery": (_faery, frozenset({".raw", ".aedat4", ".es"})),
    "tonic": (_tonic, frozenset({".bin"})),
}
"""Reader of a peer, which gives one array, and the endings of what it reads."""


def columns(found: object) -> Columns:
    """Times, columns and rows of what a reader gave."""
    if isinstance(found, Recording):
        return {"t": found.times, "x": found.x, "y": found.y}
    arrays = {name: np.asarray(found[name]) for name in "txy"}  # type: ignore[index]
    if arrays["t"].dtype.kind == "m":
        arrays["t"] = arrays["t"].astype("timedelta64[us]")
    return {name: array.astype(np.int64) for name, array in arrays.items()}


def agreement(mine: Columns, theirs: Columns, height: int) -> str:
    """Words for how much two readings agree."""
    if len(mine["t"]) != len(theirs["t"]):
        return f"{len(theirs['t'])} events"
    different = {name: int((mine[name] != theirs[name]).sum()) for name in mine}
    if different["y"] and np.array_equal(theirs["y"], height - 1 - mine["y"]):
        return "same events, rows upside down"
    if different["x"] or different["y"]:
        raise SystemExit(f"event_files: places of events differ: {different}.")
    return "same events" if not different["t"] else f"times differ in {different['t']} events"


def run(peers: set[str], *, quick: bool) -> Table:
    """Read the samples that there are, and two files that are written first."""
    table = Table(TIMED)
    root = os.environ.get("AXONAL_DATA")
    folder = Path(root).resolve() / "event-samples" if root else None
    with tempfile.TemporaryDirectory() as made:
        files = _made(Path(made), MADE_QUICK if quick else MADE)
        if folder is not None and folder.is_dir():
            files |= {case: folder / name for case, name in SAMPLES.items()}
        else:
            table.remarks.append("AXONAL_DATA names no folder with event-samples.")
        for case, path in files.items():
            _time(table, case, path, peers, quick=quick)
    table.remarks.append(
        "Permissive are aedat, event_stream and evlib (MIT); faery is LGPL-3, expelliarmus GPL-2, "
        "tonic GPL-3. evlib works on several threads, of which the first is counted. expelliarmus "
        "adds 4096 microseconds to the clock of EVT 3.0 wherever its lower half falls, and faery "
        "holds it there (docs/event-files.md)."
    )
    return table


def _made(folder: Path, count: int) -> dict[str, Path]:
    r = np.random.default_rng(0)
    sensor = Sensor(346, 260, 2)
    times = np.cumsum(r.integers(0, 3, count))
    places = [r.integers(0, size, count) for size in (sensor.width, sensor.height, 2)]
    recording = Recording.of(times, *places, sensor)
    return {
        f"EVT 2.0, {count} events": write_evt2(folder / "made.raw", recording),
        f"Event Stream, {count} events": write_es(folder / "made.es", recording),
    }


def _time(table: Table, case: str, path: Path, peers: set[str], *, quick: bool) -> None:
    found = read(path)
    works: dict[str, Work] = {"axonal": lambda: read(path)}
    agrees = {"axonal": "reference"}
    for name, (reader, endings) in READERS.items():
        if name in peers and path.suffix in endings:
            works[name] = lambda reader=reader: reader(str(path))
            agrees[name] = agreement(
                columns(found), columns(reader(str(path))), found.sensor.height
            )
    compare(table, case, works, agrees, repetitions=1 if quick else 9)
