"""EVT 2.1: words of 64 bits, up to 32 events of a row each.

Cameras send the halves of a word in either order (IMX636 the upper one first, GenX320 the lower
one). The right order is the one in which all words have types that there are.
"""

import numpy as np

from axonal.datasets.events import Sensor
from axonal.datasets.readers import _prophesee, _words
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

USUAL = Sensor(1280, 720, 2)
LOOKED_AT = 4096
_KNOWN = np.isin(np.arange(16), (0, 1, 8, 10, 14))


def _sound(upper: np.ndarray, lower: np.ndarray) -> int:
    """Number of words of a known type; those that tell the time have nothing in the lower half."""
    kinds = upper >> 28
    return int((_KNOWN[kinds] & ~((kinds == 8) & (lower != 0))).sum())


def _open(source: Source, request: Request) -> Opened:
    from axonal.datasets.readers.cpu import LOW, evt21

    head = _prophesee.header(source)
    sensor = request.sensor_or(head.sensor(source, USUAL))
    state = _words.fresh(1 << 34, request.pauses)
    content = source.at(head.end, 8 * LOOKED_AT)
    halves = np.frombuffer(content[: len(content) // 8 * 8], "<u4").reshape(-1, 2)
    first, second = halves[:, 0], halves[:, 1]
    state[LOW] = 1 if _sound(first, second) > _sound(second, first) else 0
    pieces = _words.decoded(source, head.end, evt21, sensor, request, state, 8)
    return Opened(sensor, pieces)


FORMAT = Format(
    name="evt2.1",
    title="Prophesee EVT 2.1 (.raw)",
    matches=lambda head: _prophesee.encoding(head) == "2.1",
    open=_open,
    sensor="the header's, else 1280 x 720 (IMX636)",
    clock="34 bits, unwrapped",
    kept="triggers and words of the camera's maker are passed over",
    layout="docs.prophesee.ai, EVT 2.1 Format",
    checked="bytes laid out by hand, which evlib reads alike; no recording was at hand",
)
