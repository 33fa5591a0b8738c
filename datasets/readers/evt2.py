"""EVT 2.0: words of 32 bits, an event each."""

from axonal.datasets.events import Sensor
from axonal.datasets.readers import _prophesee, _words
from axonal.datasets.readers.format import Format, Opened
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

USUAL = Sensor(640, 480, 2)


def _open(source: Source, request: Request) -> Opened:
    from axonal.datasets.readers.cpu import evt2

    head = _prophesee.header(source)
    sensor = request.sensor_or(head.sensor(source, USUAL))
    state = _words.fresh(1 << 34, request.pauses)
    pieces = _words.decoded(source, head.end, evt2, sensor, request, state, 4)
    return Opened(sensor, pieces)


FORMAT = Format(
    name="evt2",
    title="Prophesee EVT 2.0 (.raw)",
    matches=lambda head: _prophesee.encoding(head) == "2",
    open=_open,
    sensor="the header's, else 640 x 480 (Gen3)",
    clock="34 bits, unwrapped",
    kept="triggers and words of the camera's maker are passed over",
    layout="docs.prophesee.ai, EVT 2.0 Format",
    checked="a recording of 521 252 events, as expelliarmus and faery read it",
)
