"""The base of all back ends: defaults for one that simulates in a process of its own."""

import importlib.util
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from axonal._base.array_types import AnyArray
from axonal.deploy.backends._support import Support
from axonal.deploy.executor.process import simulate
from axonal.deploy.executor.request import Request
from axonal.deploy.executor.run import Run
from axonal.deploy.graph import EventGraph


class Backend(ABC):
    """A way to run a graph: a subclass in a file of this folder, or in another package.

    A subclass says what it supports. By default it needs the Python packages `requires`, and runs
    ``simulate(job, answer)`` of the file `simulation` in a process of its own: that file imports no
    axonal, because its interpreter may have none. A back end in another package is found by its
    entry point of the group ``axonal.backends``:

        [project.entry-points."axonal.backends"]
        my_simulator = "my_package.backend:MySimulator"

    Args:
        name: its name in messages.

    Attributes:
        requires: modules that must be installed.
        install: command that installs them.
        simulation: file of the simulation.
    """

    requires: tuple[str, ...] = ()
    install: str = ""
    simulation: Path | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def support(self) -> Support:
        """Everything that it has a form for."""

    def missing(self) -> str | None:
        """Command that installs what this back end lacks; None if it is ready."""
        absent = [m for m in self.requires if importlib.util.find_spec(m) is None]
        return self.install if absent else None

    def unsupported(self, graph: EventGraph) -> list[str]:
        """Parts of a graph without a form here, one line per population or projection."""
        return self.support().unsupported(graph)

    def options(self, graph: EventGraph) -> dict[str, Any]:
        """Options of the simulation, anything JSON can hold."""
        return {}

    def python(self) -> str:
        """Interpreter that has the simulator."""
        return sys.executable

    def run(self, graph: EventGraph, inputs: Mapping[str, AnyArray], request: Request) -> Run:
        """Run checked inputs `[T, B, N]` by name."""
        assert self.simulation is not None, f"{type(self).__name__} names no simulation"
        file, options = str(self.simulation), self.options(graph)
        return simulate(
            file, graph, inputs, request, python=self.python(), name=self.name, **options
        )
