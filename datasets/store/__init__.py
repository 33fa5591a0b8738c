"""The file of a set of events: written piece by piece, mapped into memory, refused if stale."""

from axonal.datasets.store._open import check_events, open_events, read_header
from axonal.datasets.store._save import save_events
from axonal.datasets.store._write import write_events
from axonal.datasets.store.header import Header
from axonal.datasets.store.origin import Origin
from axonal.datasets.store.streamed_sample import StreamedSample

__all__ = [
    "Header", "Origin", "StreamedSample",
    "check_events", "open_events", "read_header", "save_events", "write_events",
]  # fmt: skip
