"""N-TIDIGITS: spoken digits as spikes of a silicon cochlea, all in one HDF5 file."""

import re
from collections.abc import Iterator
from os import PathLike
from typing import NamedTuple

import numpy as np

from axonal._base.checks import one_of
from axonal._base.hdf5 import UnfitFile, checked
from axonal.datasets.events import Recording, Sensor
from axonal.datasets.readers.metavision import opened
from axonal.datasets.readers.source import Source

COCHLEA = Sensor(64)
SPLITS = ("train", "test")
MICROSECONDS, LONGEST = 1e6, 3600.0


class SpokenDigits(NamedTuple):
    """A recording of N-TIDIGITS.

    Attributes:
        recording: spikes of 64 channels.
        digits: what is said, such as "1z2o"; "o" and "z" are the two words for zero.
        name: of the recording.
    """

    recording: Recording
    digits: str
    name: str


def read_ntidigits(path: str | PathLike[str], split: str) -> Iterator[SpokenDigits]:
    """Recordings of N-TIDIGITS, one after another.

    The file has a data set per recording in each of ``<split>_timestamps`` (seconds) and
    ``<split>_addresses`` (channels 0 to 63). The name of a recording ends in what is said. This
    layout is that of the file as its users describe it; no such file was at hand.

    Args:
        path: of the file.
        split: "train" or "test".

    Yields:
        a recording, what is said in it, and its name.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it is no regular file, or cannot be read.
        EventFileError: a ValueError; the file is damaged or has another layout.
        ValueError: another split.

    Source: Anumula, Neil, Delbruck and Liu, Frontiers in Neuroscience 12:23, 2018.

    >>> import tempfile, h5py
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with h5py.File(f"{folder}/a.h5", "w") as file:
    ...         file["test_timestamps/man-ab-1z"] = [0.5, 0.25]
    ...         file["test_addresses/man-ab-1z"] = [7, 3]
    ...     for spoken in read_ntidigits(f"{folder}/a.h5", "test"):
    ...         print(spoken.digits, spoken.recording.times.tolist(), spoken.recording.x.tolist())
    1z [250000, 500000] [3, 7]
    """
    one_of("read_ntidigits", "split", split, SPLITS)
    with Source.open(path) as source, opened(source) as file:
        checked(file, own=False)
        times, addresses = file[f"{split}_timestamps"], file[f"{split}_addresses"]
        for name in times:
            seconds, channels = np.asarray(times[name][()]), np.asarray(addresses[name][()])
            if (
                seconds.ndim != 1
                or seconds.shape != channels.shape
                or channels.dtype.kind not in "iu"
            ):
                raise UnfitFile(f"{name} has times and channels that are no pairs")
            # asked this way round, so that NaN is refused too
            if seconds.dtype.kind != "f" or not (np.abs(seconds) <= LONGEST).all():
                raise UnfitFile(f"{name} has a time that is no number of seconds up to an hour")
            instants = np.rint(seconds.astype(np.float64) * MICROSECONDS).astype(np.int64)
            recording = Recording.of(instants, channels, 0, 0, COCHLEA, sort=True)
            found = re.search(r"[0-9oz]+$", name)
            yield SpokenDigits(recording, found[0] if found else "", name)
