"""A whole file of every format that is read, and the events in it."""

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from helpers import event_files
from helpers.event_files import Event

EVENTS: list[Event] = [(50 * k + k % 7, k * 5 % 34, k * 7 % 34, k * k % 3 % 2) for k in range(200)]
HALVES = EVENTS[:90], EVENTS[90:]


class Case(NamedTuple):
    """A file, its format, and its events.

    Attributes:
        format: name of the format.
        content: the bytes.
        events: (t, x, y, p) of every event.
        unit: bytes of a word or an event, of which a cut leaves some whole; 0 where it does not.
    """

    format: str
    content: bytes
    events: list[Event]
    unit: int


def _without_sign(events: list[Event]) -> list[Event]:
    return [(t, x, y, 0) for t, x, y, _ in events]


def _packed(kind: str) -> Case:
    packets = [event_files.aedat4_packet(one) for one in HALVES]
    if kind == "lz4":
        import lz4.frame

        packing, packets = 1, [lz4.frame.compress(one) for one in packets]
    else:
        import zstandard

        packing, packets = 3, [zstandard.compress(one) for one in packets]
    return Case("aedat4", event_files.aedat4(*packets, packing=packing), EVENTS, 0)


def _neurons() -> Case:
    events = [(t, x % 34, 0, p) for t, x, _, p in EVENTS]
    content = event_files.bits40([(t, 0, x, p) for t, x, _, p in events])
    return Case("bs1", content, events, 5)


def _matrix() -> Case:
    from scipy.io import savemat

    events = [(t, x % 10, y % 10, p) for t, x, y, p in EVENTS]
    train = np.zeros((101, len(events)))
    for k, (t, x, y, p) in enumerate(events):
        train[10 * y + x, k], train[100, k] = 2 * p - 1, t / 1e6
    file = io.BytesIO()
    savemat(file, {"spiketrain": train}, do_compression=True)
    return Case("stmnist", file.getvalue(), events, 0)


def _hdf5() -> Case:
    import h5py

    table = np.array(
        [(x, y, p, t) for t, x, y, p in EVENTS],
        [("x", "<u2"), ("y", "<u2"), ("p", "<i2"), ("t", "<i8")],
    )
    file = io.BytesIO()
    with h5py.File(file, "w") as held:
        held.create_dataset("CD/events", data=table, chunks=(64,), compression="gzip")
        held.attrs["geometry"] = "64x48"
    return Case("metavision", file.getvalue(), EVENTS, 0)


def _generic() -> Case:
    events = [(t, 0, 0, 0) for t, *_ in EVENTS]
    data = [bytes([k % 256] * (k % 5)) for k in range(len(events))]
    content = event_files.es_generic([(t, one) for (t, *_), one in zip(events, data, strict=True)])
    return Case("es", content, events, 1)


def _aedat3() -> Case:
    packets = (event_files.aedat3_packet(one) for one in HALVES)
    return Case("aedat3", event_files.aedat3(*packets), EVENTS, 8)


def _aedat4() -> Case:
    packets = (event_files.aedat4_packet(one) for one in HALVES)
    return Case("aedat4", event_files.aedat4(*packets), EVENTS, 0)


def _atis() -> Case:
    content = event_files.es_atis([(*one, k % 2) for k, one in enumerate(EVENTS)])
    return Case("es", content, EVENTS, 5)


def _colour() -> Case:
    content = event_files.es_colour([(t, x, y, k, 2, 3) for k, (t, x, y, _) in enumerate(EVENTS)])
    return Case("es", content, _without_sign(EVENTS), 8)


CASES: dict[str, Callable[[], Case]] = {
    "evt2": lambda: Case("evt2", event_files.evt2(EVENTS), EVENTS, 4),
    "evt2.1": lambda: Case("evt2.1", event_files.evt21(EVENTS), EVENTS, 8),
    "evt2.1 upper first": lambda: Case(
        "evt2.1", event_files.evt21(EVENTS, upper=True), EVENTS, 8
    ),
    "evt3": lambda: Case("evt3", event_files.evt3(EVENTS), EVENTS, 2),
    "dat": lambda: Case("dat", event_files.dat(EVENTS), EVENTS, 8),
    "es dvs": lambda: Case("es", event_files.es_dvs(EVENTS), EVENTS, 5),
    "es atis": _atis,
    "es colour": _colour,
    "es generic": _generic,
    "aedat2 davis": lambda: Case("aedat2", event_files.aedat2(EVENTS), EVENTS, 8),
    "aedat2 dvs128": lambda: Case(
        "aedat2", event_files.aedat2(EVENTS, "DVS128", 128), EVENTS, 8
    ),
    "aedat3": _aedat3,
    "aedat4": _aedat4,
    "aedat4 lz4": lambda: _packed("lz4"),
    "aedat4 zstd": lambda: _packed("zstd"),
    "metavision": _hdf5,
    "stmnist": _matrix,
    "bin": lambda: Case("bin", event_files.bits40(EVENTS), EVENTS, 5),
    "bs1": _neurons,
}  # fmt: skip
