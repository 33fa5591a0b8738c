"""The vocabulary of events: a sensor, a recording of it, and labelled sets of recordings."""

from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.labelled_recording import LabelledRecording
from axonal.datasets.events.recording import Recording
from axonal.datasets.events.sensor import Sensor

__all__ = ["EventSet", "LabelledRecording", "Recording", "Sensor"]
