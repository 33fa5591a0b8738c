"""What a caller wants of a file of events."""

from dataclasses import dataclass

from axonal.datasets.events import Sensor


@dataclass(frozen=True)
class Request:
    """What a caller wants of a file.

    Args:
        sensor: the geometry, None for that of the file or the usual one of its format.
        truncated: whether what is whole is wanted of a file that is cut.
        sort: whether times may fall, to be sorted afterwards.
    """

    sensor: Sensor | None = None
    truncated: bool = False
    sort: bool = False

    def sensor_or(self, known: Sensor) -> Sensor:
        """The geometry that was asked for, else the one that is known.

        Raises:
            ValueError: another number of polarities than the format has.
        """
        if self.sensor is None:
            return known
        if self.sensor.polarities != known.polarities:
            raise ValueError(
                f"events of this file have {known.polarities} "
                f"{'polarity' if known.polarities == 1 else 'polarities'}, got {self.sensor}."
            )
        return self.sensor
