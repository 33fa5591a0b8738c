"""A trained graph that ships with the package."""

from importlib import resources

from axonal.deploy.graph.event_graph import EventGraph


def example() -> EventGraph:
    """Load the trained event graph that comes with axonal: handwritten digits, with its golden run.

    The graph is that of ``axonal train digits`` with seed 0: 64 inputs that spike once each (the
    darker the pixel, the earlier), 128 LIF neurons with a learned delay a synapse, 10 classes read
    from the mean of leaky integrators. It is also the example of the file format, version 1.

    Returns:
        the graph; ``info`` holds recipe, settings, readout rule and test accuracy.

    >>> graph = example()
    >>> [population.name for population in graph.populations]
    ['x', 'hidden', 'readout']
    """
    with resources.as_file(resources.files("axonal.deploy") / "data" / "digits.h5") as path:
        return EventGraph.load(path)
