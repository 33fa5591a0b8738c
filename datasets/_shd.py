"""The HDF5 layout of the Spiking Heidelberg Digits, written and read back."""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from axonal._base.array_types import Int64Array
from axonal._base.files import check_source
from axonal._base.hdf5 import UnfitFile, check_type, checked
from axonal._base.new_hdf5 import new_file
from axonal.datasets.binning.grid import MICROSECONDS
from axonal.datasets.events.encoding import MOST_PERIODS, PERIOD
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.sensor import Sensor

SHD_CHANNELS = 700
PRECISIONS = ("float16", "float32")
LONGEST = MOST_PERIODS * PERIOD / MICROSECONDS
SPEAKER = "speaker"


def write_shd(path: str | PathLike[str], events: EventSet, *, precision: str = "float16") -> Path:
    """Write spike trains in the layout of SHD, for programs that read SHD.

    The file holds spikes/times (seconds) and spikes/units, an array of its own a sample, labels,
    extra/speaker and extra/keys (the names of the classes). The number of channels, which SHD
    leaves to its reader, is the attribute ``channels`` of spikes. There is no place for the rest:
    ``starts``, groups other than ``speaker``, and which channels are rows, columns and polarities
    of a camera are not written. `save_events` keeps all of it.

    Args:
        path: of the file; it is replaced if it exists, and whole at every moment.
        events: the spike trains.
        precision: of the times: "float16" as in SHD, whose steps are 0.5 ms near 1 s, or "float32",
            from which `read_shd` gets every microsecond back up to 8 s.

    Returns:
        the path.

    Raises:
        ValueError: another precision; a sensor of more than 65 536 channels, a sample without a
            label, a label or a speaker outside 0 to 65535, for none of which there is a place.
        OSError: the path cannot be written; the line says why.

    Source: Cramer, Stradmann, Schemmel and Zenke, IEEE TNNLS 33, 2022 (arXiv 1910.07407).

    >>> import tempfile
    >>> from axonal.datasets import EventSet, Sensor, read_shd, write_shd
    >>> events = EventSet.of([0, 900], [0, 3], [0, 2], [0], sensor=Sensor(4), classes=("a",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_shd(write_shd(f"{folder}/a.h5", events)).times(0).tolist()
    [0, 900]
    """
    if precision not in PRECISIONS:
        raise ValueError(f"write_shd expects precision {PRECISIONS}, got {precision!r}.")
    speakers = events.groups.get(SPEAKER, np.zeros(len(events), np.int64))
    if events.sensor.channels > 2**16 or not (_fits(events.labels) and _fits(speakers)):
        raise ValueError(
            f"SHD's layout holds units, labels and speakers from 0 to 65535, got {events.sensor}, "
            f"labels from {events.labels.min(initial=0)} to {events.labels.max(initial=0)} and "
            f"speakers from {speakers.min(initial=0)} to {speakers.max(initial=0)}. Number them "
            "anew: dataclasses.replace(events, groups={'speaker': ...})."
        )
    # only this layout needs h5py, which takes a while to import
    import h5py

    path = Path(path)
    with new_file(path) as file:
        spikes = file.create_group("spikes")
        spikes.attrs["channels"] = events.sensor.channels
        shape = (len(events),)
        times = spikes.create_dataset("times", shape, h5py.vlen_dtype(np.dtype(precision)))
        units = spikes.create_dataset("units", shape, h5py.vlen_dtype(np.uint16))
        for sample in range(len(events)):
            recording = events[sample].recording
            times[sample] = (recording.times / MICROSECONDS).astype(precision)
            units[sample] = recording.addresses.astype(np.uint16)
        file["labels"] = events.labels.astype(np.uint16)
        file["extra/speaker"] = speakers.astype(np.uint16)
        file["extra/keys"] = np.array([name.encode() for name in events.classes])
    return path


def _fits(numbers: Int64Array) -> bool:
    return not len(numbers) or bool(numbers.min() >= 0 and numbers.max() < 2**16)


def read_shd(path: str | PathLike[str], *, channels: int | None = None) -> EventSet:
    """Read spike trains from a file in the layout of SHD.

    Args:
        path: of the file, for example ``shd_train.h5`` or what `write_shd` wrote.
        channels: number of channels; by default what the file says, or the 700 of SHD.

    Returns:
        the events, times rounded to microseconds and sorted within each sample.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it is no regular file, or cannot be opened.
        ValueError: a file that is damaged or has another layout, leads to other files by links,
            or declares more than it holds.

    Source: see `write_shd`, which shows an example.

    >>> from axonal.datasets import read_shd
    >>> read_shd("nothing.h5")
    Traceback (most recent call last):
    FileNotFoundError: there is no file nothing.h5.
    """
    import h5py

    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}.")
    check_source(path)
    try:
        with h5py.File(path, "r") as file:
            checked(file, own=False)
            return _read(file, path.stem, channels)
    except UnfitFile as error:
        raise ValueError(f"{path}: {error}.") from None
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        why = str(error.args[0] if error.args else error).splitlines()[0]
        raise ValueError(
            f"{path} is damaged or not in the layout of SHD ({why}); expected spikes/times, "
            "spikes/units, labels, extra/speaker and extra/keys."
        ) from error


def _read(file: Any, name: str, channels: int | None) -> EventSet:
    spikes = file["spikes"]
    times, units = list(spikes["times"][()]), list(spikes["units"][()])
    lengths = [len(one) for one in times]
    if lengths != [len(one) for one in units]:
        raise ValueError("times and units differ in length")
    seconds = np.concatenate([np.zeros(0), *times]).astype(np.float64)
    # asked this way round, so that NaN is refused too
    if not ((seconds >= 0) & (seconds < LONGEST)).all():
        raise ValueError("a time is no number of seconds from the start of its sample")
    microseconds = np.rint(seconds * MICROSECONDS).astype(np.int64)
    channel = np.concatenate([np.zeros(0, np.uint16), *units])
    if channel.dtype != np.uint16:
        raise ValueError(f"units are {channel.dtype}, not uint16")
    owner = np.repeat(np.arange(len(times)), lengths)
    order = np.lexsort((microseconds, owner))
    keys = [key.decode() if isinstance(key, bytes) else str(key) for key in file["extra/keys"][()]]
    if channels is None:
        channels = SHD_CHANNELS
        if "channels" in spikes.attrs:
            # a text of variable length could be of any size
            check_type("channels", spikes.attrs.get_id("channels").get_type())
            if spikes.attrs.get_id("channels").dtype.kind not in "iu":
                raise ValueError("the attribute channels is no whole number")
            channels = int(spikes.attrs["channels"])
    return EventSet.of(
        microseconds[order],
        channel[order],
        np.cumsum([0, *lengths]),
        file["labels"][()],
        sensor=Sensor(channels),
        classes=keys,
        name=name,
        groups={SPEAKER: file["extra/speaker"][()]},
    )
