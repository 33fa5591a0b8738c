"""The error of graphs, below everything that raises it, and how several reasons are told."""

from collections.abc import Sequence


class GraphError(ValueError):
    """A graph or a graph file that cannot be used; the message names what is wrong and where.

    >>> raise GraphError("population 'x' appears twice")
    Traceback (most recent call last):
    axonal.deploy.graph.errors.GraphError: population 'x' appears twice
    """


def every_reason(what: str, reasons: Sequence[str]) -> str:
    """Return a message: one line for one reason, a list for several, equal ones once.

    >>> every_reason("it fails", ["a is odd", "a is odd"])
    'it fails: a is odd'
    >>> print(every_reason("it fails", ["a is odd", "b is even"]))
    it fails:
      - a is odd
      - b is even
    """
    distinct = list(dict.fromkeys(reasons))
    if len(distinct) == 1:
        return f"{what}: {distinct[0]}"
    return "\n".join([f"{what}:", *(f"  - {line}" for line in distinct)])
