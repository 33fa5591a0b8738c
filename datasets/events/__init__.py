"""What events are: the sensor that they come from, and one recording of it."""

from axonal.datasets.events.recording import Recording
from axonal.datasets.events.sensor import Sensor

__all__ = ["Recording", "Sensor"]
