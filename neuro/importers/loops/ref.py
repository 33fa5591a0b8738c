"""References to the results of rows."""

from dataclasses import dataclass

LENGTH = -1
"""Number that stands for the number of steps of the sequences, as if a row had found it."""


@dataclass(frozen=True)
class Ref:
    """The result of an earlier row, by its number."""

    row: int
