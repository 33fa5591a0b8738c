"""Errors of the exchange, and the package that it needs."""

from collections.abc import Sequence
from typing import Any

from axonal._base.extras import extra


class NIRError(ValueError):
    """A graph or file that cannot be exchanged as NIR; the message names every reason.

    >>> raise NIRError("node 'fc' is of type Threshold, which has no equivalent")
    Traceback (most recent call last):
    axonal.deploy.nir.errors.NIRError: node 'fc' is of type Threshold, which has no equivalent
    """


def nir_error(what: str, problems: Sequence[str]) -> NIRError:
    """One line for one problem, a list for several."""
    distinct = list(dict.fromkeys(problems))
    if len(distinct) == 1:
        return NIRError(f"{what}: {distinct[0]}")
    return NIRError("\n".join([f"{what}:", *(f"  - {line}" for line in distinct)]))


def nir_package() -> Any:
    """The package nir, or an error that says how to get it."""
    return extra("nir", "deploy", "NIR graphs")
