"""Optional dependencies, which are imported when they are used."""

import importlib
from typing import Any


def extra(module: str, name: str, purpose: str) -> Any:
    """Import a module of an extra, or say how to get it.

    Args:
        module: to import.
        name: of the extra in square brackets.
        purpose: what needs it, as the plural subject of a sentence.

    Raises:
        ImportError: if it is not installed.

    >>> extra("json", "phase", "phase diagrams").dumps([1])
    '[1]'
    >>> extra("no_such_module", "phase", "phase diagrams")
    Traceback (most recent call last):
    ImportError: phase diagrams need no_such_module, which is not installed: pip install
    'axonal[phase]'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{purpose} need {module.partition('.')[0]}, which is not installed: pip install "
            f"'axonal[{name}]'"
        ) from error
