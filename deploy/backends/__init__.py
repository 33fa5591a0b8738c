"""Back ends that run a graph: one file each, found by the name of the file."""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy.typing as npt

if TYPE_CHECKING:
    from axonal.deploy.backends._support import Support
    from axonal.deploy.graph import EventGraph
    from axonal.deploy.running.run import Request, Run


class Backend(Protocol):
    """What a file of this folder offers, as functions of its module.

    A back end that needs a package imports it when it runs, never when it is found.
    """

    def support(self) -> "Support":
        """What it has a form for, in general."""

    def missing(self) -> str | None:
        """Command that installs what this back end lacks; None if it is ready."""

    def refused(self, graph: "EventGraph") -> list[str]:
        """What of a graph it cannot express, one line for each population; empty if nothing."""

    def run(
        self, graph: "EventGraph", inputs: Mapping[str, npt.NDArray[Any]], request: "Request"
    ) -> "Run":
        """Run checked inputs `[T, B, N]` by name."""


def names() -> tuple[str, ...]:
    """Names of the back ends there are, installed or not.

    >>> "reference" in names()
    True
    """
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def find(name: str) -> Backend:
    """Look up a back end.

    Args:
        name: one of `names`.

    Returns:
        the back end.

    Raises:
        ValueError: no back end has this name; the message lists those there are.

    >>> find("reference").missing() is None
    True
    """
    if name not in names():
        raise ValueError(f"unknown back end {name!r}; known are {', '.join(names())}")
    return cast(Backend, importlib.import_module(f"axonal.deploy.backends.{name}"))
