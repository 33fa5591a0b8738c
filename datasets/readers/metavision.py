"""Prophesee's HDF5 files: the data set CD/events of records x, y, p, t.

The software of the cameras packs it by a codec of its own, ECF. HDF5 finds that codec where it is
installed, in a folder that HDF5_PLUGIN_PATH names.
"""

import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axonal._base.hdf5 import UnfitFile, checked, short_text
from axonal.datasets.events import Sensor
from axonal.datasets.readers import _records
from axonal.datasets.readers.event_file_error import EventFileError
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"
USUAL = Sensor(1280, 720, 2)
ECF = 0x8ECF
FIELDS = ("x", "y", "p", "t")
LARGEST_CHUNK = 1 << 23
MANY = {"spikes": "read_shd", "train_timestamps": "read_ntidigits"}
"""Readers of files with many recordings, by what lies in these."""


@contextmanager
def opened(source: Source) -> Iterator[Any]:
    """The file as an `h5py.File`, in a block whose errors name it.

    Raises:
        EventFileError: what HDF5 says of a damaged file, in one line.
    """
    import h5py

    try:
        with h5py.File(source.path, "r") as file:
            yield file
    except EventFileError:
        raise
    except UnfitFile as error:
        raise source.error(0, f"{error}.") from None
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        why = " ".join(str(error.args[0] if error.args else error).split())[:120]
        raise source.error(
            0, f"an HDF5 file that is damaged or of another layout ({why})."
        ) from None


def _open(source: Source, request: Request) -> Opened:
    with opened(source) as file:
        for name, reader in MANY.items():
            if name in file:
                raise source.error(0, f"a file of many recordings: {reader}(path) reads it.")
        checked(file, own=False, filters={ECF})
        _check(source, file["CD/events"])
        sensor = request.sensor_or(_sensor(short_text(file, "geometry") or ""))
    return Opened(sensor, _pieces(source, sensor, request))


def _check(source: Source, events: Any) -> None:
    """Refuse what is no table of events, or cannot be unpacked here."""
    import h5py

    if not isinstance(events, h5py.Dataset) or events.ndim != 1:
        raise UnfitFile("CD/events is no table")
    fields = events.dtype.fields or {}
    if any(name not in fields or fields[name][0].kind not in "iu" for name in FIELDS):
        raise UnfitFile(f"CD/events has no whole numbers {', '.join(FIELDS)}")
    packing = events.id.get_create_plist()
    filters = {packing.get_filter(k)[0] for k in range(packing.get_nfilters())}
    if ECF in filters and not h5py.h5z.filter_avail(ECF):
        raise source.error(
            0,
            "events packed by Prophesee's codec ECF, which HDF5 does not find here: install "
            "github.com/prophesee-ai/hdf5_ecf, and name its folder in HDF5_PLUGIN_PATH.",
        )
    size = events.dtype.itemsize * (events.chunks[0] if events.chunks else 1)
    if size > LARGEST_CHUNK:
        raise UnfitFile(f"CD/events is packed in chunks of {size} bytes, at most {LARGEST_CHUNK}")


def _sensor(geometry: str) -> Sensor:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", geometry.strip())
    width, height = map(int, found.groups()) if found else (0, 0)
    return Sensor(width, height, 2) if width and height else USUAL


def _pieces(source: Source, sensor: Sensor, request: Request) -> Iterator[Piece]:
    placer = _records.Placer(source, sensor, request, 0)
    with opened(source) as file:
        events = file["CD/events"]
        for begin in range(0, len(events), _records.AT_A_TIME):
            part = events[begin : begin + _records.AT_A_TIME]
            _records.refuse_polarity(source, 0, 0, part["p"])
            where = functools.partial(_records.byte, 0, 0)
            yield placer.piece(part["t"], part["x"], part["y"], part["p"], where)


FORMAT = Format(
    name="metavision",
    title="Metavision HDF5 (.hdf5)",
    matches=lambda head: head.startswith(SIGNATURE),
    open=_open,
    sensor="the attribute geometry, else 1280 x 720",
    clock="64 bits",
    kept="triggers are passed over; the codec ECF has to be installed for HDF5",
    layout="docs.prophesee.ai, HDF5 Event File Format",
    checked="files made with h5py, without ECF; no recording was at hand",
)
