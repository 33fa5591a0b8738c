"""The header that files of AEDAT have in common: lines that begin with a number sign.

Layout: docs.inivation.com, page "AEDAT File Formats".
"""

import re

from axonal.datasets.events import Sensor
from axonal.datasets.readers.source import Source

LONGEST = 1 << 24
_BLOCK = 1 << 16
_PART = re.compile(rb"#[\t\x20-\x7e\x80-\xff]*\r?")
_LINE = re.compile(rb"#[\t\x20-\x7e\x80-\xff]*\r?\n")

SENSORS = (
    ("DVS128", Sensor(128, 128, 2)),
    ("DAVIS128", Sensor(128, 128, 2)),
    ("DAVIS208", Sensor(208, 192, 2)),
    ("DAVIS240", Sensor(240, 180, 2)),
    ("DAVIS346", Sensor(346, 260, 2)),
    ("DAVIS640", Sensor(640, 480, 2)),
    ("DVXPLORER", Sensor(640, 480, 2)),
)
"""Geometry by what the name of a device begins with."""


def version(head: bytes) -> str | None:
    """The version that the first line names, None if it is no file of AEDAT."""
    found = re.match(rb"#!AER-DAT(\d\.\d)\r?\n", head)
    return found[1].decode() if found else None


def lines(source: Source, end: str) -> tuple[list[str], int]:
    """The lines of a header, and the byte after it.

    Args:
        source: the file.
        end: beginning of the last line; without it the header ends where no line is one.

    Raises:
        EventFileError: the file ends before its header.
    """
    content, at = b"", 0
    found: list[str] = []
    while True:
        line = _LINE.match(content, at)
        if line is None or line.end() == len(content):
            more = source.at(len(content), _BLOCK) if len(content) < LONGEST else b""
            if more:
                content += more
                continue
        if line is None:
            # a line that has no end, where the file has one
            if len(content) == source.size and _PART.fullmatch(content, at):
                raise source.error(at, "the file ends in its header. Copy it again.")
            return found, at
        found.append(line[0].decode("ascii", errors="replace").strip())
        at = line.end()
        if found[-1].startswith(end):
            return found, at


def sensor(device: str) -> Sensor | None:
    """Geometry of a device, None for one that is not known."""
    name = device.upper()
    return next((size for begin, size in SENSORS if name.startswith(begin)), None)
