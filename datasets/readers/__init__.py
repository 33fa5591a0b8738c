"""Files of events: read by what they hold, a window or a part at a time, and written."""

from axonal.datasets.readers.dvs_gesture import Gesture, read_gestures
from axonal.datasets.readers.es_writer import write_es
from axonal.datasets.readers.event_file_error import EventFileError
from axonal.datasets.readers.evt2_writer import write_evt2
from axonal.datasets.readers.ntidigits import SpokenDigits, read_ntidigits
from axonal.datasets.readers.reading import read, stream

__all__ = [
    "EventFileError", "Gesture", "SpokenDigits",
    "read", "read_gestures", "read_ntidigits", "stream", "write_es", "write_evt2",
]  # fmt: skip
