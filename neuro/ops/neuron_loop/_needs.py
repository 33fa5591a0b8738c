"""Gradients that a backward pass of neurons and their feedback is asked for."""

from typing import NamedTuple


class Needs(NamedTuple):
    """Gradients that are wanted of parameters and feedback."""

    decay: bool
    threshold: bool
    other: bool
    past: bool
    weight: bool
    delay: bool
