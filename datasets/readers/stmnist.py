"""ST-MNIST: touches of a skin of 10 x 10 sensors, in a MATLAB file each.

The matrix `spiketrain` is [101, columns]: a row per sensor, +1 or -1 where it has an event, and
last the time of the column in seconds. Row k is sensor x = k % 10, y = k // 10.
"""

from collections.abc import Iterator

import numpy as np

from axonal.datasets.events import Sensor
from axonal.datasets.readers import _records
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.mat5 import HEADER, matrix
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

SKIN = Sensor(10, 10, 2)
NAME = "spiketrain"
LARGEST = 1 << 30
MICROSECONDS, LONGEST = 1e6, 2**53


def _open(source: Source, request: Request) -> Opened:
    sensor = request.sensor_or(SKIN)
    return Opened(sensor, _pieces(source, sensor, request))


def _pieces(source: Source, sensor: Sensor, request: Request) -> Iterator[Piece]:
    placer = _records.Placer(source, sensor, request, 0)
    train = matrix(source, NAME, LARGEST)
    pixels = SKIN.width * SKIN.height
    if train.shape[0] != pixels + 1:
        raise source.error(
            HEADER, f"{NAME} of shape {train.shape}, expected 100 rows of sensors and one of times."
        )
    for begin in range(0, train.shape[1], _records.AT_A_TIME):
        part = train[:, begin : begin + _records.AT_A_TIME]
        instants, touches = np.asarray(part[-1], np.float64) * MICROSECONDS, part[:-1]
        # asked this way round, so that NaN is refused too
        if not (np.abs(instants) < LONGEST).all():
            raise source.error(HEADER, f"{NAME} has a time that is no number of seconds.")
        if not np.isin(touches, (-1, 0, 1)).all():
            raise source.error(HEADER, f"{NAME} has a value other than -1, 0 and 1. Is it damage?")
        column, row = np.nonzero(touches.T)
        t = np.rint(instants).astype(np.int64)[column]
        p = touches[row, column] > 0
        yield placer.piece(t, row % SKIN.width, row // SKIN.width, p, _header)


def _header(index: int) -> int:
    """The byte of an event is that of the array, which is packed."""
    return HEADER


def _matches(head: bytes) -> bool:
    return head.startswith(b"MATLAB 5.0 MAT-file")


FORMAT = Format(
    name="stmnist",
    title="ST-MNIST (.mat)",
    matches=_matches,
    open=_open,
    sensor="10 x 10",
    clock="seconds, rounded to microseconds",
    kept="every event is kept",
    layout="See, Lim, Lu, Yeo, Tan and Soh, arXiv 2005.04319, 2020",
    checked="a recording of 2346 events, whose matrix is as scipy reads it",
)
