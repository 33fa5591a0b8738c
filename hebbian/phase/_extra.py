"""Packages that only phase diagrams need."""

import importlib
from typing import Any


def extra(name: str) -> Any:
    """A package of the extra, or an error that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"Phase diagrams need {name}, which is not installed: pip install 'axonal[phase]'"
        ) from error
