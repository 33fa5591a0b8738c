"""Runs of a graph: in float64, in the integers of a chip, in a process of a simulator."""
