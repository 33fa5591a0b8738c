"""The experiments behind docs/results: ``python -m experiments``, from the root of a checkout.

Every module without an underscore is one, with ``plan()`` (its jobs) and ``write(store, out)``
(its page, numbers and figures).
"""

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from axonal._base.sweeps import Keyed, Store


class Experiment(Protocol):
    """The module of an experiment."""

    def plan(self) -> Sequence[Keyed]:
        """All jobs whose rows it tells of."""

    def write(self, store: Store, out: Path) -> list[Path]:
        """Write its page, numbers and figures; their paths."""


def names() -> list[str]:
    """Names of all experiments.

    >>> "spoken-digits" in names()
    True
    """
    modules = [module.name for module in pkgutil.iter_modules(__path__)]
    return [name.replace("_", "-") for name in sorted(modules) if not name.startswith("_")]


def find(name: str) -> Experiment:
    """The module of an experiment.

    >>> len(find("digits").plan())
    5
    """
    return cast(Experiment, importlib.import_module(f"experiments.{name.replace('-', '_')}"))
