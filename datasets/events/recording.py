"""One recording as it came from a sensor."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import AnyArray, Int64Array, UInt32Array
from axonal.datasets._checks import SECONDS, whole_numbers
from axonal.datasets.events.sensor import Sensor, check_sensor


@dataclass(frozen=True, eq=False)
class Recording:
    """Events of a sensor, in time order.

    Args:
        times: int64 ``[events]``, in whole microseconds of the recording's own clock, never
            falling.
        addresses: uint32 ``[events]``, pixel and polarity as `Sensor` numbers them.
        sensor: the geometry.
        extra: what else the file holds per event, by name, ``[events, ...]`` each.

    Raises:
        TypeError: arrays of other types than those above, or sizes in the place of a `Sensor`.
        ValueError: arrays of unlike length, times that fall, an address outside the sensor.

    >>> import numpy as np
    >>> from axonal.datasets import Recording, Sensor
    >>> recording = Recording.of([5, 9], [0, 3], [1, 1], [0, 1], Sensor(4, 2, 2))
    >>> len(recording), recording.x.tolist(), recording.p.tolist(), recording.between(6, 10).times
    (2, [0, 3], [0, 1], array([9]))
    """

    times: Int64Array
    addresses: UInt32Array
    sensor: Sensor
    extra: Mapping[str, AnyArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_sensor("Recording", self.sensor)
        for name, kind in (("times", np.int64), ("addresses", np.uint32)):
            array = getattr(self, name)
            if array.dtype != kind or array.ndim != 1:
                raise TypeError(
                    f"Recording expects {name} as {np.dtype(kind)} [events], got {array.dtype} "
                    f"with shape {array.shape}. Recording.of takes lists and other types."
                )
        arrays = {"addresses": self.addresses, **self.extra}
        for name, array in arrays.items():
            if len(array) != len(self.times):
                raise ValueError(
                    f"Recording expects {name} for each of {len(self.times)} times, got "
                    f"{len(array)}."
                )
        falls = self.times[1:] < self.times[:-1]
        if falls.any():
            at = int(falls.argmax()) + 1
            raise ValueError(
                f"Recording expects times that never fall, got {self.times[at]} after "
                f"{self.times[at - 1]} at event {at}. Did a counter wrap, or are events unsorted? "
                "Write Recording.of(..., sort=True) if the times are right and only the order is "
                "not."
            )
        if len(self) and self.addresses.max() >= self.sensor.channels:
            at = int((self.addresses >= self.sensor.channels).argmax())
            raise ValueError(
                f"Recording expects addresses below {self.sensor.channels} for {self.sensor}, got "
                f"{self.addresses[at]} at event {at}."
            )

    @classmethod
    def of(
        cls,
        times: npt.ArrayLike,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        p: npt.ArrayLike,
        sensor: Sensor,
        *,
        sort: bool = False,
    ) -> "Recording":
        """A recording from columns of whole numbers ``[events]``.

        Args:
            times: microseconds.
            x: columns.
            y: rows, 0 for a sensor with one.
            p: polarities, 0 or 1; 0 for a sensor with one.
            sensor: the geometry.
            sort: put the events into time order; equal times keep their order.

        Raises:
            TypeError: values that are no whole numbers, or sizes in the place of a `Sensor`.
            ValueError: an event outside the sensor, times that fall, or that int64 does not hold.
        """
        check_sensor("Recording.of", sensor)
        instants = whole_numbers(times, "Recording.of", "times", "events", SECONDS).copy()
        addresses = sensor.address(x, y, p)
        if addresses.shape not in ((), instants.shape):
            raise ValueError(
                f"Recording.of expects x, y and p for each of {instants.size} events, got shape "
                f"{addresses.shape}."
            )
        addresses = np.broadcast_to(addresses, instants.shape)
        if sort:
            order = np.argsort(instants, kind="stable")
            instants, addresses = instants[order], addresses[order]
        return cls(instants, np.ascontiguousarray(addresses), sensor)

    def __len__(self) -> int:
        return len(self.times)

    @property
    def x(self) -> Int64Array:
        """Column of every event ``[events]``."""
        return self.sensor.coordinates(self.addresses)[0]

    @property
    def y(self) -> Int64Array:
        """Row of every event ``[events]``."""
        return self.sensor.coordinates(self.addresses)[1]

    @property
    def p(self) -> Int64Array:
        """Polarity of every event ``[events]``."""
        return self.sensor.coordinates(self.addresses)[2]

    def between(self, start: int, stop: int) -> "Recording":
        """The events with start <= t < stop, in microseconds; views, no copies."""
        first, last = np.searchsorted(self.times, [start, stop])
        part = slice(int(first), max(int(first), int(last)))
        return self.take(part)

    def take(self, chosen: slice | AnyArray) -> "Recording":
        """Some of the events, by a slice, a mask ``[events]`` or rising indices."""
        extra = {name: array[chosen] for name, array in self.extra.items()}
        return Recording(self.times[chosen], self.addresses[chosen], self.sensor, extra)
