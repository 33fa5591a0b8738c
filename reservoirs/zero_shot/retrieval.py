"""Result of a retrieval: the share of queries that found their class, and its interval."""

from dataclasses import dataclass

from scipy.stats import binomtest


@dataclass(frozen=True)
class Retrieval:
    """Queries of one modality that were answered by the most similar item of the other.

    Args:
        right: queries whose answer has their class.
        queries: number of queries.
        classes: classes among which the answer was sought.
        chance: share that answers drawn from the items at random would get right.

    >>> Retrieval(80, 100, 2, 0.5)
    Retrieval(right=80, queries=100, classes=2, chance=0.5)
    >>> low, high = Retrieval(80, 100, 2, 0.5).interval
    >>> round(low, 3), round(high, 3)
    (0.711, 0.867)
    """

    right: int
    queries: int
    classes: int
    chance: float

    @property
    def accuracy(self) -> float:
        """Share of the queries that found their class."""
        return self.right / self.queries

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy, for other queries to the same network and items.

        It says nothing about other pairs of classes or other seeds, which usually differ by more.
        """
        found = binomtest(self.right, self.queries).proportion_ci(0.95, method="wilson")
        return float(found.low), float(found.high)
