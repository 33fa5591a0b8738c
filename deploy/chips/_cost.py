"""The published energy of one operation of a chip, as a range with its source.

Numbers of SANA-FE and SpiNNMachine are read in their files, which a test repeats; those of a table
or a paper are cited, and a source that was not read here is marked.
"""

from dataclasses import dataclass

PJ, NJ = 1e-12, 1e-9
"""Joules of a picojoule and a nanojoule."""


@dataclass(frozen=True)
class Cost:
    """Energy of one of something that is counted.

    Args:
        what: name of the count.
        low, typical, high: joules: the least published value, that for a network like those here,
            and the largest.
        source: where the three are from.

    Raises:
        ValueError: the three are not in order, or there is no source.

    >>> Cost("hops", 3.0e-12, 3.6e-12, 4.2e-12, source="a paper").typical
    3.6e-12
    """

    what: str
    low: float
    typical: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.typical <= self.high:
            raise ValueError(
                f"cost of {self.what}: expected 0 <= low <= typical <= high, got {self.low:g}, "
                f"{self.typical:g} and {self.high:g}"
            )
        if not self.source:
            raise ValueError(f"cost of {self.what} has no source")
