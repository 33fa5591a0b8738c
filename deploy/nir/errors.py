"""Errors of the exchange, and the package that it needs."""

from typing import Any

from axonal._base.extras import extra


class NIRError(ValueError):
    """A graph or file that cannot be exchanged as NIR; the message names every reason.

    >>> raise NIRError("node 'fc' is of type Threshold, which has no equivalent")
    Traceback (most recent call last):
    axonal.deploy.nir.errors.NIRError: node 'fc' is of type Threshold, which has no equivalent
    """


def nir_package() -> Any:
    """The package nir, or an error that says how to get it."""
    return extra("nir", "deploy", "NIR graphs")
