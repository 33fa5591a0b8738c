"""From events to arrays on an explicit grid, with every event accounted for."""

from axonal.datasets.binning._activity import active, packed
from axonal.datasets.binning._counts import counts
from axonal.datasets.binning._event_list import EventList, event_list
from axonal.datasets.binning._time_surface import time_surface
from axonal.datasets.binning._voxel_grid import voxel_grid
from axonal.datasets.binning.binned import Binned
from axonal.datasets.binning.frames import Frames
from axonal.datasets.binning.grid import Grid

__all__ = [
    "Binned", "EventList", "Frames", "Grid",
    "active", "counts", "event_list", "packed", "time_surface", "voxel_grid",
]  # fmt: skip
