"""One file of a published data set."""

import re
from dataclasses import dataclass

from axonal._base.checks import whole_number

KINDS = {"md5": 32, "sha256": 64}
"""Checksums, and the digits that they have."""


@dataclass(frozen=True)
class ListedFile:
    """Name, size and checksum of a file as it is published.

    Args:
        name: in the folder of the data set.
        size: bytes; None where it is not known to us.
        md5: checksum in hexadecimal digits; None where it is not known.
        sha256: likewise.
        urls: where it can be had, in the order in which they are tried.
        gives: what the archive holds that is used, as paths in the same folder; where these are
            there, the archive need not be. Empty for a file that is used as it is.

    Raises:
        ValueError: a name that leads out of the folder, a checksum that is none, an address without
            a checksum to hold the content against.

    >>> from axonal.datasets.sets import ListedFile
    >>> ListedFile("a.zip", size=5, md5="0" * 32, gives=("a.h5",)).words()
    'a.zip (5 bytes, MD5 00000000000000000000000000000000)'
    """

    name: str
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None
    urls: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (self.name, *self.gives):
            if not name or name.startswith(("/", "~")) or ".." in name.split("/"):
                raise ValueError(f"ListedFile expects names inside a folder, got {name!r}.")
        if self.size is not None:
            whole_number("ListedFile", "size", self.size, 0)
        for kind, digits in KINDS.items():
            value = getattr(self, kind)
            if value is not None and not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
                raise ValueError(
                    f"ListedFile expects {kind} as {digits} hexadecimal digits, got {value!r}."
                )
        if self.urls and self.checksum is None:
            raise ValueError(
                f"ListedFile expects a checksum for {self.name}, which has an address: what comes "
                "from there could not be told from something else."
            )

    @property
    def checksum(self) -> tuple[str, str] | None:
        """Kind and digits of the strongest checksum that is known."""
        if self.sha256 is not None:
            return "sha256", self.sha256
        return None if self.md5 is None else ("md5", self.md5)

    def words(self) -> str:
        """The name with all that is known of the file, for messages."""
        known = self.checksum
        size = "size not known" if self.size is None else f"{self.size} bytes"
        digits = "no checksum known" if known is None else f"{known[0].upper()} {known[1]}"
        return f"{self.name} ({size}, {digits})"
