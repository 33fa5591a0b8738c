"""Requests to a back end beside the graph and its inputs."""

from dataclasses import dataclass
from typing import Any, NamedTuple

TIMEOUT = 600.0
"""Seconds that a simulator may take."""


class Probe(NamedTuple):
    """One neuron of one sample, whose membrane is recorded."""

    population: str
    sample: int
    neuron: int


@dataclass(frozen=True)
class Request:
    """Start, probe and time limit of a run.

    Args:
        state: state to go on from; None starts from rest.
        probe: neuron whose membrane is recorded.
        timeout: seconds that a simulator may take.
    """

    state: Any = None
    probe: Probe | None = None
    timeout: float = TIMEOUT
