"""A graph as one page: its network, synapses, golden run, first divergence and floor plan."""

from axonal.deploy.viewer.write_page import write_page

__all__ = ["write_page"]
