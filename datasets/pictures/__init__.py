"""Figures of recordings: every one takes and returns an Axes, labels units, and shows nothing.

>>> from axonal.datasets import Recording, Sensor
>>> from axonal.datasets.pictures import plot_raster
>>> from matplotlib.figure import Figure
>>> recording = Recording.of([5, 9], [0, 3], 0, 0, Sensor(4))
>>> plot_raster(recording, Figure().subplots()).get_xlabel()
'time (µs)'
"""

from axonal.datasets.pictures.animation import animate
from axonal.datasets.pictures.cloud import plot_cloud
from axonal.datasets.pictures.frame import plot_frame, plot_frames
from axonal.datasets.pictures.raster import plot_raster
from axonal.datasets.pictures.rate import plot_rate

__all__ = ["animate", "plot_cloud", "plot_frame", "plot_frames", "plot_raster", "plot_rate"]
