"""The header of Prophesee's files: lines of text that begin with a percent sign.

Layout: docs.prophesee.ai, pages "RAW File Format" and "DAT File Format".
"""

import re
from typing import NamedTuple

from axonal.datasets.events import Sensor
from axonal.datasets.readers.source import Source

LONGEST = 1 << 20
LONGEST_LINE = 1024
_LINE = re.compile(rb"% ?([\t\x20-\x7e\x80-\xff]*)\r?\n")
_PART = re.compile(rb"(%[\t\x20-\x7e\x80-\xff]*)?")
"""A line that has no end, or nothing at all."""
_GEOMETRY = re.compile(r"(\d{1,5})x(\d{1,5})")


class Header(NamedTuple):
    """Fields by keyword in small letters, and the byte after the header."""

    fields: dict[str, str]
    end: int

    def sensor(self, source: Source, usual: Sensor) -> Sensor:
        """Geometry that the header names, else the usual one.

        Raises:
            EventFileError: a width or height that is none.
        """
        width, height = self.fields.get("width"), self.fields.get("height")
        if found := _GEOMETRY.fullmatch(self.fields.get("geometry", "").strip()):
            width, height = found.groups()
        if width is None or height is None:
            return usual
        if not (re.fullmatch(r"\d{1,5}", width) and re.fullmatch(r"\d{1,5}", height)):
            raise source.error(0, f"a header with width {width[:20]!r}, height {height[:20]!r}")
        if not (0 < int(width) <= 2**14 and 0 < int(height) <= 2**14):
            raise source.error(0, f"a header with a sensor of {width} x {height} pixels")
        return Sensor(int(width), int(height), usual.polarities)


def parse(content: bytes) -> Header:
    """The header at the beginning of a file; empty if there is none."""
    fields: dict[str, str] = {}
    at = 0
    while line := _LINE.match(content, at):
        at = line.end()
        text = line[1].decode("ascii", errors="replace").strip()
        if text == "end":
            fields[text] = ""
            break
        keyword, _, value = text.partition(" ")
        if text.startswith("Data file containing "):
            keyword, value = "containing", text.removeprefix("Data file containing ")
        if keyword == "format":
            # the name of the format, then what belongs to it
            value, *options = value.split(";")
            pairs = (option.partition("=") for option in options)
            fields |= {name.strip().lower(): given.strip() for name, _, given in pairs}
        fields[keyword.lower()] = value.strip()
    return Header(fields, at)


def header(source: Source) -> Header:
    """The header of a file.

    Raises:
        EventFileError: the file ends within it.
    """
    found = parse(source.at(0, LONGEST))
    if found.fields.get("end") is None:
        rest = source.at(found.end, LONGEST_LINE + 1)
        if len(rest) <= LONGEST_LINE and _PART.fullmatch(rest):
            raise source.error(found.end, "the file ends in its header. Copy it again.")
    return found


def encoding(head: bytes) -> str | None:
    """The encoding that a header names: "2", "2.1" or "3"; None without one."""
    fields = parse(head).fields
    if "containing" in fields:
        return None
    words = {"EVT2": "2", "EVT21": "2.1", "EVT3": "3", "2.0": "2", "2.1": "2.1", "3.0": "3"}
    return words.get(fields.get("format", "").upper()) or words.get(fields.get("evt", ""))
