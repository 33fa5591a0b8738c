"""Simulations of back ends, each in a process of its own that may have no axonal.

A file here imports the standard library, numpy and its simulator, and nothing of axonal.
"""
