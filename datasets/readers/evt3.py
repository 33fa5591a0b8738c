"""EVT 3.0: words of 16 bits, which tell only what has changed."""

from axonal.datasets.events import Sensor
from axonal.datasets.readers import _prophesee, _words
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

USUAL = Sensor(1280, 720, 2)


def _open(source: Source, request: Request) -> Opened:
    from axonal.datasets.readers.cpu import evt3

    head = _prophesee.header(source)
    sensor = request.sensor_or(head.sensor(source, USUAL))
    state = _words.fresh(1 << 24, request.pauses)
    pieces = _words.decoded(source, head.end, evt3, sensor, request, state, 2)
    return Opened(sensor, pieces)


FORMAT = Format(
    name="evt3",
    title="Prophesee EVT 3.0 (.raw)",
    matches=lambda head: _prophesee.encoding(head) == "3",
    open=_open,
    sensor="the header's, else 1280 x 720 (IMX636)",
    clock="24 bits, unwrapped",
    kept="triggers and words of the camera's maker are passed over",
    layout="docs.prophesee.ai, EVT 3.0 Format",
    checked="a recording of 219 596 events, as evlib reads it; see below for its reference decode",
)
