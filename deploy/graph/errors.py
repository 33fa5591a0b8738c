"""The error of graphs, below everything that raises it."""


class GraphError(ValueError):
    """A graph or a graph file that cannot be used; the message names what is wrong and where.

    >>> raise GraphError("population 'x' appears twice")
    Traceback (most recent call last):
    axonal.deploy.graph.errors.GraphError: population 'x' appears twice
    """
