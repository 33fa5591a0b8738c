"""Brian 2 with its Cython target: compiled at first use, with the same arithmetic."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from axonal.deploy.backends import brian2
from axonal.deploy.backends._support import Support, installed
from axonal.deploy.executor.process import simulate
from axonal.deploy.graph import EventGraph
from axonal.deploy.running.run import Request, Run


def support() -> Support:
    """What these equations have a form for."""
    return brian2.support()


def missing() -> str | None:
    """Command that installs Brian 2 and Cython; None if they are there."""
    found = installed("brian2") and installed("Cython")
    return None if found else "pip install 'axonal[deploy]' cython"


def refused(graph: EventGraph) -> list[str]:
    """What cannot be expressed, one line a population."""
    return brian2.refused(graph)


def run(graph: EventGraph, inputs: Mapping[str, npt.NDArray[Any]], request: Request) -> Run:
    """Run in a process of its own."""
    options = {"name": "brian2_cython", "target": "cython"}
    return simulate(brian2.__file__, graph, inputs, request, **options)
