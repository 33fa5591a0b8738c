"""The request of a caller to the reader of a file."""

from dataclasses import dataclass

from axonal.datasets.events import Sensor
from axonal.datasets.events.sensor import check_sensor


@dataclass(frozen=True)
class Request:
    """The wanted part of a file, and how to take what is wrong with it.

    Args:
        sensor: the geometry, None for that of the file or the usual one of its format.
        truncated: whether what is whole is wanted of a file that is cut.
        sort: whether times may fall, to be sorted afterwards.
        pauses: whether any step back of a counter is a full turn of it.
        who: function that asks, for errors.

    Raises:
        TypeError: a geometry that is no `Sensor`.
    """

    sensor: Sensor | None = None
    truncated: bool = False
    sort: bool = False
    pauses: bool = False
    who: str = "read"

    def __post_init__(self) -> None:
        if self.sensor is not None:
            check_sensor(self.who, self.sensor)

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
