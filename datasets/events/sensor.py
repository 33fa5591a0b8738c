"""The channels that events come from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import AnyArray, Int64Array, UInt32Array
from axonal._base.checks import whole_number

MOST_CHANNELS = 2**32


@dataclass(frozen=True)
class Sensor:
    """Width, height and polarities of a camera; a cochlea of N channels is ``Sensor(N)``.

    A pixel and its polarity are one number, the address: a = (p height + y) width + x. A raster
    ``[T, B, channels]`` is therefore ``[T, B, *shape]`` for layers of images.

    Args:
        width: number of columns, x = 0 to width - 1.
        height: number of rows, y = 0 to height - 1.
        polarities: 2 where p is 0 (darker) or 1 (brighter), 1 where events have no sign.

    Raises:
        TypeError: a size that is no whole number.
        ValueError: a size below 1, or more than 2^32 addresses.

    >>> camera = Sensor(34, 34, 2)
    >>> camera.channels, camera.shape, int(camera.address([3], [1], [1])[0])
    (2312, (2, 34, 34), 1193)
    """

    width: int
    height: int = 1
    polarities: int = 1

    def __post_init__(self) -> None:
        for name in ("width", "height", "polarities"):
            object.__setattr__(self, name, whole_number("Sensor", name, getattr(self, name)))
        if self.channels > MOST_CHANNELS:
            raise ValueError(
                f"Sensor expects at most 2^32 addresses, got {self.width} x {self.height} x "
                f"{self.polarities} = {self.channels}."
            )

    @property
    def channels(self) -> int:
        """Number of addresses."""
        return self.width * self.height * self.polarities

    @property
    def shape(self) -> tuple[int, int, int]:
        """Polarities, height, width: the axes of a picture per step."""
        return self.polarities, self.height, self.width

    def address(self, x: npt.ArrayLike, y: npt.ArrayLike = 0, p: npt.ArrayLike = 0) -> UInt32Array:
        """Addresses of columns, rows and polarities ``[events]``.

        Raises:
            TypeError: coordinates that are no whole numbers.
            ValueError: the first event that lies outside the sensor, by its index.
        """
        total = np.zeros(np.broadcast_shapes(*map(np.shape, (x, y, p))), np.int64)
        parts = (("p", p, self.polarities), ("y", y, self.height), ("x", x, self.width))
        for name, given, size in parts:
            values = np.asarray(given)
            if values.dtype.kind not in "biu":
                raise TypeError(
                    f"Sensor.address expects {name} as whole numbers, got {values.dtype}."
                )
            # a sign or a width of the type must not hide a value outside
            outside = np.atleast_1d((values < 0) | (values >= size))
            if outside.any():
                first = int(outside.argmax())
                value = int(np.atleast_1d(values)[first])
                raise ValueError(
                    f"event {first} has {name} = {value}, outside a sensor with {name} from 0 to "
                    f"{size - 1}. Is the size right? Got {self}."
                )
            total = total * size + values.astype(np.int64)
        return total.astype(np.uint32)

    def coordinates(self, addresses: AnyArray) -> tuple[Int64Array, Int64Array, Int64Array]:
        """Columns x, rows y and polarities p of addresses, the inverse of `address`."""
        pixel, x = np.divmod(addresses.astype(np.int64), self.width)
        p, y = np.divmod(pixel, self.height)
        return x, y, p


def check_sensor(who: str, sensor: object) -> Sensor:
    """Return a sensor, and refuse its sizes alone, which do not say what they are.

    Raises:
        TypeError: one line that says what to write.

    >>> check_sensor("read", (34, 34, 2))
    Traceback (most recent call last):
    TypeError: read expects sensor as a Sensor, got (34, 34, 2). Write Sensor(34, 34, 2).
    """
    if isinstance(sensor, Sensor):
        return sensor
    sizes = list(sensor) if isinstance(sensor, tuple | list) else [sensor]
    hint = ""
    # sizes that a Sensor would refuse as well are no advice
    if 1 <= len(sizes) <= 3 and all(type(size) is int and size > 0 for size in sizes):
        hint = f" Write Sensor({', '.join(map(str, sizes))})."
    raise TypeError(f"{who} expects sensor as a Sensor, got {sensor!r:.60}.{hint}")
