"""The layout of a file of events: a prefix, arrays, and a header that says where they are.

| bytes | content |
|---|---|
| 0 to 7 | ``89 41 58 45 0d 0a 1a 0a`` |
| 8 to 11 | version of the format |
| 12 to 15 | 0 |
| 16 to 23 | place of the header |
| 24 to 31 | its length, with which the file ends |
| 32 to 63 | its SHA-256 |
| from 64 | arrays, each from a multiple of 64 on |

Numbers are little-endian. The header is JSON in UTF-8: sensor, time unit, classes, name, source,
transforms, and type, length, place and SHA-256 of every array. It comes last because it is known
last: a writer appends.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from axonal._base.jsontext import parse_json
from axonal.datasets.events.encoding import address_type
from axonal.datasets.events.sensor import Sensor
from axonal.datasets.store.origin import Origin

MAGIC = b"\x89AXE\r\n\x1a\n"
VERSION = 1
PREFIX = struct.Struct("<8sIIQQ32s")
ALIGNMENT = 64
TIME_UNIT = "microsecond"
LONGEST_HEADER = 1 << 26
GROUPS = "groups/"
WHOLE = "<i8"
COLUMNS = ("boundaries", "first_period", "starts", "labels")


class Section(NamedTuple):
    """An array in the file.

    Args:
        dtype: as numpy writes it.
        length: number of elements.
        offset: of its first byte.
        sha256: of its bytes, in hexadecimal digits.
    """

    dtype: str
    length: int
    offset: int
    sha256: str


@dataclass(frozen=True)
class Header:
    """Everything about a set but its arrays, and where these lie.

    Args:
        sensor: the geometry.
        classes: name of each class.
        name: of the data.
        origin: what it was made from.
        arrays: by name; those of groups begin with ``groups/``.
    """

    sensor: Sensor
    classes: tuple[str, ...]
    name: str
    origin: Origin
    arrays: Mapping[str, Section]

    def text(self) -> bytes:
        """The header as bytes, the same for the same content."""
        sensor = self.sensor
        return json.dumps(
            {
                "sensor": [sensor.width, sensor.height, sensor.polarities],
                "time_unit": TIME_UNIT,
                "classes": list(self.classes),
                "name": self.name,
                "source": self.origin.source,
                "transforms": list(self.origin.transforms),
                "arrays": {name: part._asdict() for name, part in self.arrays.items()},
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode()


def prefix(place: int, text: bytes) -> bytes:
    """The first bytes of a file whose header lies at a place."""
    return PREFIX.pack(MAGIC, VERSION, 0, place, len(text), hashlib.sha256(text).digest())


def parse(content: memoryview) -> tuple[Header, str]:
    """The header of a file and its digest; nothing is allocated that the file does not hold.

    Raises:
        ValueError: why the file is none, without its name.
    """
    size = len(content)
    if bytes(content[: len(MAGIC)]) != MAGIC:
        raise ValueError("is no file of events of axonal")
    if size < PREFIX.size:
        raise ValueError(f"is cut short: it has {size} bytes")
    _, version, zero, place, length, digest = PREFIX.unpack(content[: PREFIX.size])
    if version > VERSION:
        raise ValueError(
            f"is of version {version} of the format, and this axonal reads up to {VERSION}: "
            "install a newer one"
        )
    if version != VERSION or zero:
        raise ValueError(f"is damaged: version {version}, then {zero}")
    if not place:
        raise ValueError("is not finished: its writer was stopped")
    if place + length != size:
        raise ValueError(
            f"has {size} bytes where its prefix says {place + length}: it is cut short or damaged"
        )
    if length > LONGEST_HEADER:
        raise ValueError(f"has a header of {length} bytes, expected at most {LONGEST_HEADER}")
    text = bytes(content[place:])
    if hashlib.sha256(text).digest() != digest:
        raise ValueError("is damaged: its header does not match its checksum")
    try:
        return _parsed(parse_json(text), place), digest.hex()
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"has a header that is none ({' '.join(str(error).split())})") from None


def _parsed(values: Any, place: int) -> Header:
    sensor = Sensor(*values["sensor"])
    classes, name, source = values["classes"], values["name"], values["source"]
    if not all(isinstance(text, str) for text in (*classes, name, source)):
        raise ValueError("has a name that is no text")
    if values["time_unit"] != TIME_UNIT:
        raise ValueError(f"has times in {str(values['time_unit'])[:40]!r}, expected {TIME_UNIT!r}")
    if not isinstance(values["transforms"], list) or not isinstance(classes, list):
        raise ValueError("has transforms or classes that are no list")
    arrays = {name: Section(**part) for name, part in values["arrays"].items()}
    kinds = {"low": "<u2", "addresses": address_type(sensor).newbyteorder("<").str}
    kinds |= dict.fromkeys(COLUMNS, WHOLE)
    if missing := kinds.keys() - arrays.keys():
        raise ValueError(f"has no {', '.join(sorted(missing))}")
    for name, part in arrays.items():
        if part.dtype != kinds.get(name, WHOLE if name.startswith(GROUPS) else None):
            raise ValueError(f"has an array {name[:40]!r} of type {str(part.dtype)[:40]!r}")
        numbers = (part.length, part.offset)
        if not all(type(n) is int and n >= 0 for n in numbers) or part.offset % ALIGNMENT:
            raise ValueError(f"has {name[:40]!r} at a place or of a length that cannot be")
        end = part.offset + int(part.dtype[2:]) * part.length
        if part.offset < PREFIX.size or end > place:
            raise ValueError(
                f"has {name[:40]!r} up to byte {end}, beyond its {place} bytes of arrays"
            )
    origin = Origin(source, tuple(values["transforms"]))
    return Header(sensor, tuple(classes), values["name"], origin, arrays)
