"""What is said when a graph cannot be exchanged, and the package that exchange needs."""

import importlib
from collections.abc import Sequence
from typing import Any


class NIRError(ValueError):
    """A graph or file that cannot be exchanged as NIR; the message names every reason.

    >>> raise NIRError("node 'fc' is of type Threshold, which has no equivalent")
    Traceback (most recent call last):
    axonal.deploy.nir.errors.NIRError: node 'fc' is of type Threshold, which has no equivalent
    """


def refusal(what: str, problems: Sequence[str]) -> NIRError:
    """One line for one problem, a list for several."""
    distinct = list(dict.fromkeys(problems))
    if len(distinct) == 1:
        return NIRError(f"{what}: {distinct[0]}")
    return NIRError("\n".join([f"{what}:", *(f"  - {line}" for line in distinct)]))


def nir_package() -> Any:
    """The package nir, or an error that says how to get it."""
    try:
        return importlib.import_module("nir")
    except ImportError as error:
        raise ImportError(
            "NIR graphs need nir, which is not installed: pip install 'axonal[deploy]'"
        ) from error
