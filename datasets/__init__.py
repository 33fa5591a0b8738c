"""Encoders, embedded and spoken digits as spikes, spike trains, images, and bags of instances.

Everything here is numpy; what has time has it first: ``[T, B, N]``. Nothing is downloaded unless
it is asked for. A ``torch.utils.data.DataLoader`` takes ``collate_fn=axonal.neuro.collate`` for
the same order. Published event data are in `axonal.datasets.sets`, changes of recordings in
`axonal.datasets.transforms`, figures of them in `axonal.datasets.pictures`, text in
`axonal.datasets.text`: packages that are imported when they are first used.

>>> from axonal.datasets import digits
>>> digits("test").dense(range(32)).shape
(16, 32, 64)
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from axonal.datasets._bags import Bags
from axonal.datasets._bit_task import BitTask, n_dms, n_parity, parity_chance
from axonal.datasets._digits import digits
from axonal.datasets._encoders import delta, latency, rate, to_dense
from axonal.datasets._fsdd import fsdd
from axonal.datasets._hair_cells import HairCells
from axonal.datasets._mel_delta import MelDelta
from axonal.datasets._mel_quantiles import MelQuantiles
from axonal.datasets._mil import mil
from axonal.datasets._mnist import fashion_mnist, mnist
from axonal.datasets._sample import Sample
from axonal.datasets._shd import read_shd, write_shd
from axonal.datasets._spike_times import SpikeTimes
from axonal.datasets._wav import read_wav
from axonal.datasets.binning import (
    Binned,
    EventList,
    Frames,
    Grid,
    active,
    counts,
    event_list,
    packed,
    time_surface,
    voxel_grid,
)
from axonal.datasets.events import EventSet, LabelledRecording, Recording, Sensor
from axonal.datasets.exchange import TonicSamples, TonicTransform, from_tonic, to_tonic
from axonal.datasets.readers import (
    EventFileError,
    Gesture,
    SpokenDigits,
    read,
    read_gestures,
    read_ntidigits,
    stream,
    write_es,
    write_evt2,
)
from axonal.datasets.store import (
    Origin,
    StreamedSample,
    check_events,
    open_events,
    read_header,
    save_events,
    write_events,
)

if TYPE_CHECKING:
    from axonal.datasets import pictures as pictures
    from axonal.datasets import sets as sets
    from axonal.datasets import text as text
    from axonal.datasets import transforms as transforms

__all__ = [
    "Bags", "Binned", "BitTask", "EventFileError", "EventList", "EventSet", "Frames", "Gesture",
    "Grid", "HairCells", "LabelledRecording", "MelDelta", "MelQuantiles", "Origin", "Recording",
    "Sample", "Sensor", "SpikeTimes", "SpokenDigits", "StreamedSample", "TonicSamples",
    "TonicTransform", "active", "check_events", "counts", "delta", "digits", "event_list",
    "fashion_mnist", "from_tonic", "fsdd", "latency", "mil", "mnist", "n_dms", "n_parity",
    "open_events", "packed", "parity_chance", "rate", "read", "read_gestures", "read_header",
    "read_ntidigits", "read_shd", "read_wav", "save_events", "stream", "time_surface", "to_dense",
    "to_tonic", "voxel_grid", "write_es", "write_events", "write_evt2", "write_shd",
]  # fmt: skip

_PACKAGES = ("pictures", "sets", "text", "transforms")


def __getattr__(name: str) -> ModuleType:
    if name in _PACKAGES:
        return importlib.import_module(f"axonal.datasets.{name}")
    raise AttributeError(f"module 'axonal.datasets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PACKAGES})
